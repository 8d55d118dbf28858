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

/** Every other line that means something: a PCIe error, a line of amdgpu, of a NIC, of the host. */
export interface FaultEvent extends KernelEventBase {
  readonly kind: 'fault';
  /** A key of the fault catalogue. */
  readonly code: string;
  /** The device that the line is about; null when it names none. */
  readonly pciBusId: string | null;
  /** The line itself says that the device is a GPU: its driver spoke. */
  readonly isGpu: boolean;
}

/** The kernel says that something is over: nothing opens, what was open closes. */
export interface FaultOverEvent extends KernelEventBase {
  readonly kind: 'fault-over';
  readonly codes: readonly string[];
  readonly pciBusId: string | null;
  readonly isGpu: boolean;
}

/** The hardware of a GPU was reset: proof for what a reset mends. */
export interface GpuResetEvent extends KernelEventBase {
  readonly kind: 'gpu-reset';
  readonly pciBusId: string;
}

/** The first line of a boot: in a file that is kept across boots, what stands before it is another boot's. */
export interface BootEvent extends KernelEventBase {
  readonly kind: 'boot';
}

export type KernelEvent =
  | XidEvent
  | SxidEvent
  | GpuLostEvent
  | GpuIdentityEvent
  | LostRecordsEvent
  | FaultEvent
  | FaultOverEvent
  | GpuResetEvent
  | BootEvent;
