/** What one kernel record means to us. The collector makes these from log lines; checks and the outbox take them. */

interface KernelEventBase {
  readonly at: string;
  /** Sequence number of the kernel's record, null when the line came from a file without one. */
  readonly kernelSeq: number | null;
  readonly text: string;
}

export interface XidEvent extends KernelEventBase {
  readonly kind: 'xid';
  readonly pciBusId: string;
  readonly xid: number;
  /** MIG: GPU instance and compute instance. */
  readonly gpuInstance: number | null;
  readonly computeInstance: number | null;
  readonly pid: number | null;
  readonly process: string | null;
  /** After the code, pid and name. */
  readonly detail: string;
  /** `caused by previous Xid N`. */
  readonly causedBy: number | null;
}

export interface SxidEvent extends KernelEventBase {
  readonly kind: 'sxid';
  readonly switchName: string;
  readonly pciBusId: string;
  readonly sxid: number;
  /** As the line says; null for the Severity and Data lines of the same event, and for SOE lines. */
  readonly fatal: boolean | null;
  readonly link: number | null;
  readonly detail: string;
}

/** The GPU is off the bus and no Xid says so. */
export interface GpuLostEvent extends KernelEventBase {
  readonly kind: 'gpu-lost';
  readonly pciBusId: string;
}

/** The record named a GPU's UUID or serial (printed before an Xid 79): identity for a bus id. */
export interface GpuIdentityEvent extends KernelEventBase {
  readonly kind: 'gpu-identity';
  readonly pciBusId: string;
  readonly uuid: string | null;
  readonly serial: string | null;
}

/** Records were lost (ring overrun, sequence gap): blind from one record to the next. */
export interface LostRecordsEvent extends KernelEventBase {
  readonly kind: 'lost-records';
  /** Null when the ring was overrun and the count is not known. */
  readonly count: number | null;
}

export type KernelEvent = XidEvent | SxidEvent | GpuLostEvent | GpuIdentityEvent | LostRecordsEvent;
