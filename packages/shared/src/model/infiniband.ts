/** RDMA ports of the node (InfiniBand and RoCE), as the kernel shows them in /sys/class/infiniband. */

export interface InfinibandPort {
  readonly device: string;
  readonly port: number;
  /** `InfiniBand`, `Ethernet` (RoCE) */
  readonly linkLayer: string | null;
  /** The kernel's word, lower case: `active`, `down`, `init`, `armed`. */
  readonly state: string | null;
  /** `LinkUp`, `Polling`, `Disabled` */
  readonly physicalState: string | null;
  readonly bitsPerSecond: number | null;
  /** Times that the link went down since the driver was loaded; null where the adapter does not count it. */
  readonly linkDowned: number | null;
  readonly linkErrorRecovery: number | null;
  readonly symbolErrors: number | null;
}

export interface InfinibandSample {
  readonly ports: readonly InfinibandPort[];
}
