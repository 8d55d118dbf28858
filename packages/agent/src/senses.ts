/**
 * The senses of a node beside the two that every look has (the host and the kernel log): which sources there are, when each
 * is asked, and when it has to answer. Adding a source is a collector and an entry here.
 */
import type { AmdSample } from '@trivet/shared/model/amd.ts';
import type { NvidiaSample } from '@trivet/shared/model/gpu.ts';
import type { NvlinkSample } from '@trivet/shared/model/nvlink.ts';
import { AmdSmiCollector } from './collectors/amd-smi.ts';
import type { SiteSample } from '@trivet/shared/model/site.ts';
import type { InfinibandSample } from '@trivet/shared/model/infiniband.ts';
import type { HostSample, Samples, ToolsSample, Vendor } from '@trivet/shared/model/report.ts';
import { AMD_SMI, NVIDIA_SMI } from './checks/check.ts';
import type { Collected, Collector } from './collectors/collector.ts';
import { InfinibandCollector } from './collectors/infiniband.ts';
import { HungToolsCollector } from './collectors/hung-tools.ts';
import { NvlinkCollector, describesGpus } from './collectors/nvidia-nvlink.ts';
import { NvidiaSmiCollector } from './collectors/nvidia-smi.ts';
import { metered } from './os/metered.ts';
import type { Meter } from './os/metered.ts';
import { printKernelModule, readKernelModule } from './os/module-state.ts';
import { PROC } from './os/procfs.ts';
import { SYS } from './os/sysfs.ts';
import { tool } from './os/tool.ts';

export interface Demands {
  /** A person named this vendor's tool: it has to answer, and what it says is not compared with PCI. */
  readonly given: ReadonlySet<Vendor>;
  /** The node is the one we run on, whatever its tools are called: a daemon's always is. A person's tool may be another machine's. */
  readonly isOwnNode: boolean;
  readonly kernelLogRequired: boolean;
  /** Null when nobody said. */
  readonly expectedGpus: number | null;
}

export interface Demand {
  readonly asked: boolean;
  /** When it is not ok, the node is unknown. */
  readonly required: boolean;
  /** Why it is not asked. */
  readonly reason?: string;
}

export interface Sense extends Collector<Samples> {
  /** `before`: what the senses before it have brought. */
  readonly demand: (host: Collected<HostSample>, demands: Demands, before: Samples) => Demand;
  /** Least time between two runs; what the last one brought is shown in between, with its age. 0: at every look. */
  readonly everyMs: number;
  /** What its tool has printed so far; left out where there is no tool. */
  readonly printedBytes?: () => number;
}

interface Spec<Sample> {
  readonly put: (sample: Sample) => Samples;
  readonly demand: Sense['demand'];
  readonly everyMs?: number;
}

function senseOf<Sample>(collector: Collector<Sample>, { put, demand, everyMs = 0 }: Spec<Sample>): Sense {
  return {
    name: collector.name,
    demand,
    everyMs,
    collect: async (signal) => {
      const collected = await collector.collect(signal);
      if (collected.state === 'ok') return { ...collected, sample: put(detached(collected.sample)) };
      const { sample, ...rest } = collected;
      return sample === undefined ? rest : { ...rest, sample: put(detached(sample)) };
    },
  };
}

/** Paths that a person gave. */
export interface ToolPaths {
  readonly nvidiaSmi: string | null;
  readonly amdSmi: string | null;
  readonly rocmSmi: string | null;
}

/**
 * With texts of its own. A text that was cut out of another keeps the whole of it in memory: the id of a GPU, remembered for
 * weeks, would hold the 357 kB of the document in which it was first seen.
 */
function detached<Sample>(sample: Sample): Sample {
  return JSON.parse(JSON.stringify(sample));
}

export interface SenseSettings extends ToolPaths {
  /** Null: the collector's own. */
  readonly timeoutMs?: number;
}

export function givenVendors({ nvidiaSmi, amdSmi, rocmSmi }: ToolPaths): ReadonlySet<Vendor> {
  const given = new Set<Vendor>();
  if (nvidiaSmi !== null) given.add('nvidia');
  if (amdSmi !== null || rocmSmi !== null) given.add('amd');
  return given;
}

/** In the order in which they are asked, one after the other: a sick node is not asked two things at once. */
export function createSenses({ nvidiaSmi, amdSmi, rocmSmi, timeoutMs }: SenseSettings): Sense[] {
  const patience = timeoutMs === undefined ? {} : { timeoutMs };
  const nvidiaTool = tool();
  const amdTool = tool();
  const path = nvidiaSmi ?? 'nvidia-smi';
  const [query, links, amd] = [metered(nvidiaTool.run), metered(nvidiaTool.run), metered(amdTool.run)];
  const driver = nvidiaSmi === null ? { driver: () => moduleText('nvidia') } : {};
  return [
    printing(query, nvidiaSense(new NvidiaSmiCollector({ path, run: query.run, ...patience, ...driver }))),
    printing(links, nvlinkSense(new NvlinkCollector({ path, run: links.run, ...patience }))),
    printing(amd, amdSense(new AmdSmiCollector({ amdSmi, rocmSmi, run: amd.run, ...patience }))),
    infinibandSense(new InfinibandCollector()),
    toolsSense(new HungToolsCollector({ [NVIDIA_SMI]: nvidiaTool, [AMD_SMI]: amdTool })),
  ];
}

function printing({ printedBytes }: Meter, sense: Sense): Sense {
  return { ...sense, printedBytes };
}

function moduleText(name: string): string {
  return printKernelModule(name, readKernelModule(SYS, PROC, name));
}

/** gpud reads them as often; what happens in between, the adapter's own counters tell. */
const INFINIBAND_EVERY_MS = 30_000;

function infinibandSense(collector: Collector<InfinibandSample>): Sense {
  return senseOf(collector, {
    put: (infiniband) => ({ infiniband }),
    demand: demandInfiniband,
    everyMs: INFINIBAND_EVERY_MS,
  });
}

function demandInfiniband(_host: unknown, { isOwnNode }: Demands): Demand {
  if (isOwnNode) return { asked: true, required: false };
  return { asked: false, required: false, reason: "a tool was named that may be another machine's" };
}

/** After the tools themselves: what they have left behind. */
export function toolsSense(collector: Collector<ToolsSample>): Sense {
  const demand = (): Demand => ({ asked: true, required: false });
  return senseOf(collector, { put: (tools) => ({ tools }), demand });
}

export function nvidiaSense(collector: Collector<NvidiaSample>): Sense {
  return senseOf(collector, { put: (nvidia) => ({ nvidia }), demand: demandNvidia });
}

/** Site checks run in rounds of their own (`collectors/site-checks.ts`): each look shows what they told last. */
export function siteSense(collector: Collector<SiteSample>, required: boolean): Sense {
  return senseOf(collector, { put: (site) => ({ site }), demand: () => ({ asked: true, required }) });
}

/** The vendor's tool has to answer where PCI shows a GPU of that vendor, or somebody expects one. */
function demandNvidia(host: Collected<HostSample>, { given, expectedGpus }: Demands): Demand {
  const vendors = new Set(host.sample?.pciGpus.map(({ vendor }) => vendor));
  const isExpected = (expectedGpus ?? 0) > 0 && !vendors.has('amd') && !given.has('amd');
  const required = given.has('nvidia') || vendors.has('nvidia') || isExpected;
  if (required || host.state !== 'ok') return { asked: true, required };
  return { asked: false, required, reason: 'PCI shows no NVIDIA GPU and none is expected' };
}

/** Error counters move slowly, and each run costs what the vendor's tool costs. */
const NVLINK_EVERY_MS = 60_000;

export function nvlinkSense(collector: Collector<NvlinkSample>): Sense {
  return senseOf(collector, { put: (nvlink) => ({ nvlink }), demand: demandNvlink, everyMs: NVLINK_EVERY_MS });
}

function demandNvlink(_host: unknown, _demands: unknown, { nvidia }: Samples): Demand {
  if (nvidia !== undefined && describesGpus(nvidia)) return { asked: true, required: false };
  return { asked: false, required: false, reason: 'the tool describes no NVIDIA GPU' };
}

/**
 * AMD's own exporter polls every 30 s; a run of amd-smi costs tenths of a second of CPU, and what cannot wait half a minute is
 * in the kernel log.
 */
const AMD_EVERY_MS = 30_000;

export function amdSense(collector: Collector<AmdSample>): Sense {
  return senseOf(collector, { put: (amd) => ({ amd }), demand: demandAmd, everyMs: AMD_EVERY_MS });
}

/** Who names another vendor's tool may mean another machine: then this one's AMD GPUs are looked at, and need not answer. */
function demandAmd(host: Collected<HostSample>, { given, isOwnNode }: Demands): Demand {
  const isOnPci = host.sample?.pciGpus.some(({ vendor }) => vendor === 'amd') === true;
  const required = given.has('amd') || (isOwnNode && isOnPci);
  if (required || isOnPci || host.state !== 'ok') return { asked: true, required };
  return { asked: false, required, reason: 'PCI shows no AMD GPU' };
}
