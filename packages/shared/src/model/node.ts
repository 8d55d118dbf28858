/** Identity of a node's hardware, and what its agent says of its own senses. */

export interface GpuIdentity {
  readonly uuid: string | null;
  readonly pciBusId: string | null;
  readonly serial: string | null;
  readonly model: string | null;
}

/** Compared with the last accepted one: a change is never acted on (see `identity-mismatch`). */
export interface Hardware {
  /** The chassis' serial number; null where firmware or rights give none. */
  readonly serial: string | null;
  readonly gpus: readonly GpuIdentity[];
}

/** Whether one source of evidence could be read. `failed`: the tool ran and said no; `unknown`: could not tell. */
export interface Signal {
  /** The collector's name: `nvidia-smi`, `kernel-log`, `pci`, … */
  readonly name: string;
  readonly state: 'ok' | 'unknown' | 'failed';
  /** A required signal that is not ok makes the node unknown. */
  readonly required: boolean;
  readonly reason: string | null;
  /** Since its last successful sample; null when there was none. */
  readonly ageMs: number | null;
}
