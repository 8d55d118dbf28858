/**
 * What can go wrong with a simulated GPU: the signs that each fault gives, as catalogue codes for simulated agents and as
 * driver's lines and tool's values for the real ones. What a code means is the shared catalogue's to say, not this table's.
 */
import type { FakeGpu } from './fake-nvidia-smi.ts';

export interface Sign {
  /** A key of the fault catalogue. */
  readonly code: string;
  readonly source: 'kernel-log' | 'nvidia-smi';
  /** The driver's text after `NVRM: Xid (PCI:…): `, or the tool's value. */
  readonly text: string;
  /** How the GPU looks in the fake nvidia-smi while the fault lasts. */
  readonly looks: Partial<FakeGpu>;
}

export interface Fault {
  readonly name: string;
  /** Takes the GPU out; the rest drains nothing by itself. */
  readonly hard: boolean;
  /** Relative frequency among hard faults, from published failure rates; 0 for those that only a world's opening has. */
  readonly weight: number;
  readonly signs: readonly Sign[];
}

/** Process that the lines name: what runs on a training node most of the time. */
const PROCESS = 'pid=4711, name=python3';

function xid(number: number, text: string, looks: Partial<FakeGpu> = {}): Sign {
  return { code: `xid.${number}`, source: 'kernel-log', text: `${number}, ${PROCESS}, ${text}`, looks };
}

/** Xid 154 carries the driver's own verdict, and is read as that. */
function recovery(action: number, text: string): Sign {
  return { ...xid(154, text), code: `recovery-action.${action}` };
}

function value(code: string, text: string, looks: Partial<FakeGpu>): Sign {
  return { code, source: 'nvidia-smi', text, looks };
}

/**
 * Faults that take a GPU out. Weights: published causes of GPU faults are about 55 % card, bus and firmware (of which 6 %
 * firmware), 27 % memory, 7 % SRAM; of the memory faults about a third end with no spare row left.
 */
export const HARD_FAULTS: readonly Fault[] = [
  hard('off-bus', 40, [xid(79, 'GPU has fallen off the bus.', { access: 'fields-lost' })]),
  hard('double-bit-error', 18, [
    xid(48, 'DBE (double bit error) ECC error at partition 3, subpartition 1.', { dramUncorrectable: 1 }),
    xid(63, 'Row Remapper: New row marked for remapping, reset gpu to activate.'),
    value('remap.pending', 'remapped_row_pending: Yes', { remapPending: true, remappedRows: 1 }),
  ]),
  hard('remap-failure', 9, [
    xid(64, 'Row Remapper Error: All reserved rows for bank are remapped'),
    value('remap.failure', 'remapped_row_failure: Yes', { remapFailure: true }),
  ]),
  hard('recovery-reboot', 15, [
    recovery(2, 'GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)'),
    value('recovery-action.2', 'gpu_recovery_action: Reboot', { recoveryAction: 'Reboot' }),
  ]),
  hard('firmware-timeout', 6, [xid(119, 'Timeout waiting for RPC from GSP! Expected function 76.')]),
  hard('uncontained-error', 7, [xid(95, 'Uncontained: SM (0x1). RST: Yes, D-RST: No')]),
];

/** What jobs bring about themselves, again and again. */
export const NOISE: readonly Fault[] = [
  soft('graphics-exception', 30, xid(13, 'Graphics Exception: ESR 0x504648=0x102000e')),
  soft('memory-page-fault', 60, xid(31, 'Ch 00000008, MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_0')),
  soft('channel-reset', 10, xid(43, 'Ch 00000010')),
];

/** What stays and yet waits: a link error that is for a person, a reset that may wait for its window. */
export const LASTING: readonly Fault[] = [
  soft('nvlink-error', 0, {
    ...xid(74, 'NVLink: fatal error detected on link 6(0x0, 0x0, 0x10000, 0x0, 0x0, 0x0, 0x0)'),
    code: 'xid.74.link',
  }),
  soft(
    'remap-pending',
    0,
    value('remap.pending', 'remapped_row_pending: Yes', { remapPending: true, remappedRows: 1 }),
  ),
];

function hard(name: string, weight: number, signs: readonly Sign[]): Fault {
  return { name, hard: true, weight, signs };
}

function soft(name: string, weight: number, sign: Sign): Fault {
  return { name, hard: false, weight, signs: [sign] };
}

/** A line as the driver prints it: the bus address without its function number. */
export function kernelLine(pciBusId: string, sign: Sign): string {
  return `NVRM: Xid (PCI:${pciBusId.replace(/\.\d$/, '')}): ${sign.text}`;
}
