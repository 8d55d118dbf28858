/** What an agent reports: samples, every open finding, and how its senses are. */
import type { AmdSample } from './amd.ts';
import type { Finding } from './finding.ts';
import type { NvidiaSample } from './gpu.ts';
import type { Signal } from './node.ts';
import type { NvlinkSample } from './nvlink.ts';
import type { SiteSample } from './site.ts';

/** Latest value of each collector, by its name. */
export interface Samples {
  readonly nvidia?: NvidiaSample;
  readonly nvlink?: NvlinkSample;
  readonly amd?: AmdSample;
  readonly site?: SiteSample;
  readonly host?: HostSample;
}

export interface HostSample {
  readonly kernel: string | null;
  readonly bootId: string;
  readonly uptimeSeconds: number | null;
  /** GPUs that PCI configuration space shows, by vendor: present even when the driver does not see them. */
  readonly pciGpus: readonly { readonly vendor: 'nvidia' | 'amd'; readonly pciBusId: string }[];
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
