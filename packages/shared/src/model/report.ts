/** What an agent reports: samples, every open finding, and how its senses are. */
import type { AmdSample } from './amd.ts';
import type { Finding } from './finding.ts';
import type { NvidiaSample } from './gpu.ts';
import type { InfinibandSample } from './infiniband.ts';
import type { Signal } from './node.ts';
import type { NvlinkSample } from './nvlink.ts';
import type { SiteSample } from './site.ts';

/** Latest value of each collector, by its name. */
export interface Samples {
  readonly nvidia?: NvidiaSample;
  readonly nvlink?: NvlinkSample;
  readonly amd?: AmdSample;
  readonly site?: SiteSample;
  readonly infiniband?: InfinibandSample;
  readonly tools?: ToolsSample;
  readonly host?: HostSample;
}

export interface HostSample {
  readonly kernel: string | null;
  readonly bootId: string;
  readonly uptimeSeconds: number | null;
  /** GPUs that PCI configuration space shows, by vendor: present even when the driver does not see them. */
  readonly pciGpus: readonly { readonly vendor: Vendor; readonly pciBusId: string }[];
  readonly modules: { readonly nvidia: KernelModule; readonly amdgpu: KernelModule };
  /** Empty where the kernel counts none. */
  readonly memoryControllers: readonly MemoryController[];
  /** Mount points of file systems that the kernel has shut; null: could not be read. */
  readonly forcedReadOnly: readonly string[] | null;
}

/** Of GPUs. */
export type Vendor = 'nvidia' | 'amd';

/** A vendor's driver. */
export interface KernelModule {
  /** `loading`: its start has not ended, which takes seconds to minutes where it brings up GPUs. `unknown`: there is no /sys. */
  readonly state: 'live' | 'built-in' | 'loading' | 'unloading' | 'absent' | 'unknown';
  readonly version: string | null;
}

/** Errors of host memory since its driver was loaded, mostly at the boot. */
export interface MemoryController {
  readonly name: string;
  readonly corrected: number;
  readonly uncorrected: number;
}

/** A tool that did not end by itself and has not answered since. */
export interface HungTool {
  readonly tool: string;
  /** When the first run began that had to be ended. */
  readonly since: string;
  /** Of a run that lives on although it was killed; null when there is none. */
  readonly pid: number | null;
  /** What the kernel says of that one (`D`: uninterruptible sleep, inside the driver); null when it is gone. */
  readonly processState: string | null;
}

export interface ToolsSample {
  readonly hung: readonly HungTool[];
}

export interface Report {
  readonly reportId: string;
  readonly takenAt: string;
  readonly reason: 'interval' | 'finding' | 'asked';
  readonly samples: Samples;
  /** All open ones: what is not here is not asserted any more. */
  readonly findings: readonly Finding[];
  readonly collectors: readonly Signal[];
}
