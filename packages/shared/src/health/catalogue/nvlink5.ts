/**
 * NVLink 5 errors (Xid 144 to 150): what the registers of a line call for. The first register (intrInfo) names the unit, where
 * it stands depends on the driver: bits 9:5 before 575, bits 6:0 since. Its bits 25:20 give the cause of a link that went
 * down; the second register is the error status. Numbers: NVIDIA XID catalog, sheet "XID 144-150 Decode" (95 rows).
 */
import { entries } from './entry.ts';

/**
 * `reset`: fatal to the GPU. `link`: a link went down for good, the GPU works until the driver asks for the reset (Xid 154).
 * `peer`: a link went down because of its other end. `eval`: what 154 says, else the application alone. `ignore`: nothing.
 */
export type Nvlink5Outcome = 'ignore' | 'eval' | 'reset' | 'link' | 'peer';

export interface Nvlink5Unit {
  readonly xid: number;
  /** As lines before and since driver 575 call it. */
  readonly names: readonly string[];
  /** In bits 9:5, before 575. */
  readonly v1: number;
  /** In bits 6:0, since 575. */
  readonly v2: number;
  /** Error status values by outcome; a status that is not here has no rule. */
  readonly ignore?: readonly number[];
  readonly eval?: readonly number[];
  readonly reset?: readonly number[];
  /** Those of `ignore` that reset when the bit above the unit (10, since 575: 7) is set. */
  readonly promotable?: readonly number[];
  /** Whatever the status: the cause decides. */
  readonly byCause?: boolean;
  /** Whatever the status. */
  readonly always?: Nvlink5Outcome;
}

/** Raised by software in any unit. */
const SOFTWARE = 0x80000000;
const TLW = { xid: 146, ignore: [0x1, 0x2, SOFTWARE], reset: [0x4] };

export const NVLINK5_UNITS: readonly Nvlink5Unit[] = [
  { xid: 144, names: ['SAW_MVB'], v1: 1, v2: 1, ignore: [0x1, 0x4, 0x8, 0x20], reset: [0x2, 0x10] },
  { xid: 145, names: ['RLW_CTRL'], v1: 3, v2: 3, ignore: [SOFTWARE] },
  {
    xid: 145,
    names: ['RLW_REMAP'],
    v1: 4,
    v2: 4,
    eval: [0x1, 0x2, 0x4, 0x8, 0x10, 0x20],
    reset: [0x40, 0x80],
    ignore: [0x100, 0x200, SOFTWARE],
  },
  { xid: 145, names: ['RLW_RSPCOL'], v1: 5, v2: 5, ignore: [0x1, SOFTWARE], reset: [0x2] },
  {
    xid: 145,
    names: ['RLW_RXPIPE'],
    v1: 6,
    v2: 6,
    ignore: [0x1, 0x2, 0x4, 0x8, SOFTWARE],
    promotable: [0x1, 0x2, 0x4],
  },
  {
    xid: 145,
    names: ['RLW_SRC_TRACK'],
    v1: 7,
    v2: 7,
    reset: [0x1, 0x10, 0x20],
    eval: [0x4, 0x8],
    ignore: [0x2, SOFTWARE],
  },
  {
    xid: 145,
    names: ['RLW_TAGSTATE'],
    v1: 8,
    v2: 8,
    ignore: [0x1, 0x10000, SOFTWARE],
    reset: [0x2, 0x20000, 0x100000],
  },
  { ...TLW, names: ['TLW_CTRL'], v1: 9, v2: 9 },
  { ...TLW, names: ['TLW_RX', 'TLW_RX_PIPE0'], v1: 10, v2: 10 },
  { ...TLW, names: ['TLW_RX', 'TLW_RX_PIPE1'], v1: 10, v2: 11 },
  { ...TLW, names: ['TLW_TX', 'TLW_TX_PIPE0'], v1: 11, v2: 12 },
  { ...TLW, names: ['TLW_TX', 'TLW_TX_PIPE1'], v1: 11, v2: 13 },
  { xid: 147, names: ['TREX'], v1: 12, v2: 14, ignore: [0x1, SOFTWARE] },
  { xid: 148, names: ['NVLPW_CTRL', 'NVLPW'], v1: 0, v2: 15, ignore: [SOFTWARE] },
  { xid: 149, names: ['NETIR', 'NETIR_INT'], v1: 0, v2: 24, always: 'link' },
  { xid: 149, names: ['NETIR_LINK_EVT', 'NETIR_LINK_DOWN'], v1: 14, v2: 17, byCause: true },
  { xid: 149, names: ['NETIR_BER_EVENT'], v1: 17, v2: 19, ignore: [0, 1, 2, 3] },
  { xid: 149, names: ['NETIR_MFDE_EVENT'], v1: 18, v2: 20, ignore: [3], reset: [1, 4, 5, 7] },
];

/** Xid 150 has no unit in its register: by name alone, where registers are zero. */
export const NVLINK5_MSE: ReadonlyMap<string, readonly number[]> = new Map([
  ['MSE Degraded', [0, 0xffffffff]],
  ['MSE_DEGRADED', [0, 0xffffffff]],
  ['MSE_WATCHDOG', [0]],
]);

/** Bits 25:20 of a link that went down. */
export const NVLINK5_CAUSES: ReadonlyMap<number, Nvlink5Outcome> = new Map<number, Nvlink5Outcome>([
  // Unknown, or the signal, cable or transceiver of this end.
  ...[0, 1, 2, 4, 10, 42, 43].map((cause) => [cause, 'link'] as const),
  // Software or a person at this end.
  ...[15, 16, 17, 18, 22].map((cause) => [cause, 'link'] as const),
  // The other end slept, was disabled, too warm, forced or reset, or said nothing.
  ...[21, 32, 33, 34, 35, 36, 37].map((cause) => [cause, 'peer'] as const),
  // Unlike the rest to be ignored: software on purpose, and the host's own doing.
  ...[38, 40].map((cause) => [cause, 'ignore'] as const),
]);

const CATALOG = 'NVIDIA XID catalog, sheet 144-150';

export const NVLINK5 = entries('xid', [
  {
    codes: '144.reset 145.reset 146.reset 149.reset 150.reset',
    title: 'NVLink 5 error that is fatal to the GPU',
    class: 'reset',
    urgency: 'now',
    reason:
      'All links of the GPU go down and every channel on it ends; unit and status of the line say so, not its number.',
    source: CATALOG,
  },
  {
    codes: '149.link',
    title: 'An NVLink of this GPU went down',
    class: 'reset',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'NVIDIA resets the GPU once its jobs have left. The driver says so itself (Xid 154: drain and reset, later reset), and that verdict stands alone; without it a person looks.',
    source: CATALOG,
  },
  {
    codes: '149.peer',
    title: 'An NVLink went down because of its other end',
    class: 'watch',
    strength: 'soft',
    reason:
      'The cause in the line is the peer device: this node is not condemned for it. When this GPU needs a reset to get the link back, the driver says so (Xid 154).',
    source: CATALOG,
  },
  {
    codes: '145.eval',
    title: 'NVLink 5 error that ends an application',
    class: 'app',
    reason: 'If an Xid 154 came along, that one decides; else only the application starts again.',
    source: CATALOG,
  },
  {
    codes: '144.ignore 145.ignore 146.ignore 147.ignore 148.ignore 149.ignore',
    title: 'NVLink 5 event that needs nothing',
    class: 'ignore',
    reason:
      'Corrected, or an early sign of an error that will have a number of its own (48, 94, 95). About half of the known forms.',
    source: CATALOG,
  },
]);
