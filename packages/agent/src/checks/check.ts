/**
 * A check reads what collectors brought and says what was seen: never what to do about it, never whether it is over.
 * Pure: no clock, no machine. `ledger.ts` turns what was seen into findings and owns whether they are open.
 */
import type { Finding, GpuRef } from '@trivet/shared/model/finding.ts';
import type { Samples, Vendor } from '@trivet/shared/model/report.ts';
import type { History } from './history.ts';
import type { KernelEvent } from './kernel-event.ts';

/** Names of the collectors that findings come from. */
export const KERNEL_LOG = 'kernel-log';
export const NVIDIA_SMI = 'nvidia-smi';
/** Also where rocm-smi stands in for it. */
export const AMD_SMI = 'amd-smi';
export const SITE_CHECKS = 'site-checks';

export interface Seen {
  /** Null: about the node as a whole. */
  readonly gpu: GpuRef | null;
  /** Address or name of the device that it is about, when that is no GPU: a finding of the node, and yet one of each device. */
  readonly device?: string;
  /** A key of the fault catalogue. */
  readonly code: string;
  readonly at: string;
  /** The collector behind it. */
  readonly source: string;
  readonly text: string;
  /** Code of the fault that it is a symptom of, where the line itself says so. */
  readonly causedBy?: string;
  /** It opens nothing: it proves that these are over. Then `code` only names the proof. */
  readonly over?: Over;
  /** Index of the kernel event behind it: what happened after what. Samples come after all events. */
  readonly event?: number;
}

export type Over =
  /** Findings of the GPU or device (or of the node, when it names none) with one of these codes. */
  | { readonly codes: readonly string[]; readonly ofAllGpus?: boolean }
  /** All that a reset of the GPU mends. */
  | { readonly isReset: true }
  /** All that the kernel log said before: another boot's. */
  | { readonly isBoot: true };

/** Proof that something is not so: the reading was there and good. A reading that is missing proves nothing. */
export interface Absent {
  readonly gpu: GpuRef | null;
  /** As in `Seen`. */
  readonly device?: string;
  readonly code: string;
  /** When the sample was begun: what became known later is not disproved by it. */
  readonly at: string;
  /** The collector behind it; `nvidia-smi` unless said. */
  readonly source?: string;
}

export interface CheckInput {
  /** Only collectors whose newest run was ok, or that proved something all the same; the rest are absent. */
  readonly samples: Samples;
  /** Whether the tools' GPUs have to be those on PCI. */
  readonly comparesPci: boolean;
  /** New since the last run, oldest first. */
  readonly events: readonly KernelEvent[];
  readonly at: string;
  /** When the samples were begun (a vendor tool takes seconds); `at` when nobody says. */
  readonly sampledAt?: string;
  /** From configuration or inventory; null when nobody said. */
  readonly expectedGpus: number | null;
  /** Most GPUs that this node was ever seen with, 0 before the first sample. */
  readonly mostGpusSeen: number;
  /** With this look in it. */
  readonly history: History;
  /** Findings that are open before this look. */
  readonly open: readonly Pick<Finding, 'code' | 'gpu'>[];
  /** As last sampled: decides how registers in kernel lines are laid out. Null: not known. */
  readonly driverVersion: string | null;
  /** Vendors of whose GPUs a tool tells, at this look or, where it was not due, at the one before. */
  readonly toldVendors: ReadonlySet<Vendor>;
  /** Vendors of the GPUs on PCI, also where the samples are not compared with it. */
  readonly pciVendors: ReadonlySet<Vendor>;
  /** Addresses that are known to be GPUs. */
  readonly gpuBusIds: ReadonlySet<string>;
}

export interface Check {
  readonly name: string;
  /** Collectors without which it says nothing at all. */
  readonly needs: readonly string[];
  readonly run: (input: CheckInput) => readonly Seen[];
  /** What this input proves to be over or never there; for conditions that samples show. */
  readonly absent?: (input: CheckInput) => readonly Absent[];
}
