/** NVLink as `nvidia-smi nvlink` shows it: each link of each GPU, and the errors counted on it since the driver was loaded. */

/**
 * What is counted. Boards before Blackwell have the first three; those since have the others (driver 595). Packets, corrected
 * symbols (`FEC Errors`) and rates are not errors and not kept.
 */
export const NVLINK_COUNTERS = [
  'replay',
  'recovery',
  'crc',
  'malformedPacket',
  'bufferOverrun',
  'receive',
  'receiveRemote',
  'receiveGeneral',
  'localIntegrity',
  'transmitDiscard',
  'recoverySuccessful',
  'recoveryFailed',
  'recoveryTotal',
  'effective',
  'symbol',
] as const;
export type NvlinkCounter = (typeof NVLINK_COUNTERS)[number];

export interface NvlinkLink {
  readonly link: number;
  /** Null: the tool's words were not understood. */
  readonly active: boolean | null;
  readonly bytesPerSecond: number | null;
  /** Those above zero; which ones were read at all says `counters`. */
  readonly errors: { readonly [counter in NvlinkCounter]?: number };
}

export interface NvlinkGpu {
  readonly uuid: string;
  /**
   * `links`: there they are. `inactive`: it has some and none is up. `none`: the board has no NVLink. `mig`: not told while the
   * GPU is divided. `unknown`: said in words that were not understood.
   */
  readonly support: 'links' | 'inactive' | 'none' | 'mig' | 'unknown';
  /** The tool's own words where it lists no links. */
  readonly text: string | null;
  readonly links: readonly NvlinkLink[];
  /** Counters that were read on every link of this GPU. */
  readonly counters: readonly NvlinkCounter[];
}

export interface NvlinkSample {
  readonly gpus: readonly NvlinkGpu[];
}
