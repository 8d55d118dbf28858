/**
 * One look at this node: every collector once, and which of them had to answer. `trivet check` and the daemon's loop
 * both use it, so that a person and the fleet are told the same.
 */
import type { Signal } from '@trivet/shared/model/node.ts';
import type { NvidiaSample } from '@trivet/shared/model/gpu.ts';
import type { HostSample, Samples } from '@trivet/shared/model/report.ts';
import type { Finding, Verdict } from '@trivet/shared/model/finding.ts';
import { verdict } from '@trivet/shared/health/verdict.ts';
import { KERNEL_LOG, NVIDIA_SMI } from './checks/check.ts';
import { runChecks } from './checks/index.ts';
import type { KernelEvent } from './checks/kernel-event.ts';
import { UNKNOWN_BOOT, applySeen, findings } from './checks/ledger.ts';
import type { Applied, Ledger } from './checks/ledger.ts';
import type { Collected, Collector } from './collectors/collector.ts';
import type { KernelLogSample } from './collectors/kernel-log.ts';

export interface Senses {
  readonly host: Collector<HostSample>;
  readonly nvidia: Collector<NvidiaSample>;
  readonly kernelLog: Collector<KernelLogSample>;
}

export interface Demands {
  /** A person named the tool: it has to answer, and what it says is not compared with PCI. */
  readonly nvidiaSmiGiven: boolean;
  readonly kernelLogRequired: boolean;
  /** Null when nobody said. */
  readonly expectedGpus: number | null;
}

export interface NodeObservation {
  /** Before the first collector was asked, and after the last had answered. */
  readonly begunAt: string;
  readonly at: string;
  readonly samples: Samples;
  /** What checks may compare: without PCI where a person named the tool (it may describe another machine's GPUs). */
  readonly comparable: Samples;
  /** New kernel events, oldest first. */
  readonly events: readonly KernelEvent[];
  readonly signals: readonly Signal[];
}

/** Names of signals that are no check's source. */
export const HOST = 'host';
export const AMD = 'amd-smi';

/** One collect reads some 10⁵ records; a file of many months is read in several, and never without end. */
const KERNEL_LOG_ROUNDS_MAX = 64;

export class NodeObserver {
  readonly #senses: Senses;
  readonly #demands: Demands;
  readonly #nowMs: () => number;
  readonly #lastSampleMs = new Map<string, number>();

  constructor(senses: Senses, demands: Demands, nowMs: () => number = Date.now) {
    this.#senses = senses;
    this.#demands = demands;
    this.#nowMs = nowMs;
  }

  /** Resolves within the collectors' own deadlines, one after the other: a sick node is not asked two things at once. */
  async observe(signal?: AbortSignal): Promise<NodeObservation> {
    const begunAt = this.#isoNow();
    const kernel = await this.#collectKernelLog(signal);
    const host = await this.#senses.host.collect(signal);
    const pciGpus = host.sample?.pciGpus ?? [];
    const needed = this.#needed(pciGpus);
    const isAsked = needed.nvidia || host.state !== 'ok';
    const nvidia = isAsked ? await this.#senses.nvidia.collect(signal) : null;

    const nvidiaSample = nvidia?.sample;
    const ofTool: Samples = nvidiaSample === undefined ? {} : { nvidia: nvidiaSample };
    const samples: Samples = host.sample === undefined ? ofTool : { ...ofTool, host: host.sample };

    const signals = [
      this.#signal(HOST, host, needed.host),
      nvidia === null ? NOT_ASKED : this.#signal(NVIDIA_SMI, nvidia, needed.nvidia),
      ...amdSignals(pciGpus, needed.host),
      this.#signal(KERNEL_LOG, kernel.collected, this.#demands.kernelLogRequired),
    ];
    const comparable = this.#demands.nvidiaSmiGiven ? ofTool : samples;
    return { begunAt, at: this.#isoNow(), samples, comparable, events: kernel.events, signals };
  }

  /** The vendor's tool has to answer where PCI shows a GPU of that vendor, or somebody expects one. */
  #needed(pciGpus: HostSample['pciGpus']): { readonly host: boolean; readonly nvidia: boolean } {
    const { nvidiaSmiGiven, expectedGpus } = this.#demands;
    const vendors = new Set(pciGpus.map(({ vendor }) => vendor));
    const isExpected = (expectedGpus ?? 0) > 0 && !vendors.has('amd');
    return { host: !nvidiaSmiGiven, nvidia: nvidiaSmiGiven || vendors.has('nvidia') || isExpected };
  }

  /** To the end of what is there: the collector answers in bounded portions. */
  async #collectKernelLog(
    signal?: AbortSignal,
  ): Promise<{ readonly collected: Collected<KernelLogSample>; readonly events: readonly KernelEvent[] }> {
    const events: KernelEvent[] = [];
    let position: number | null = null;
    for (let round = 0; round < KERNEL_LOG_ROUNDS_MAX; round++) {
      const collected = await this.#senses.kernelLog.collect(signal);
      const { sample } = collected;
      events.push(...(sample?.events ?? []));
      const reached = sample?.cursor?.seq ?? null;
      if (collected.state !== 'ok' || reached === null || reached === position) return { collected, events };
      position = reached;
    }
    return { collected: { state: 'unknown', reason: 'the kernel log is too long to be read at once' }, events };
  }

  #signal(name: string, collected: Collected<unknown>, required: boolean): Signal {
    const nowMs = this.#nowMs();
    // What was understood of an answer that is not ok is as fresh as any.
    if (collected.state === 'ok' || collected.sample !== undefined) this.#lastSampleMs.set(name, nowMs);
    const last = this.#lastSampleMs.get(name);
    const reason = collected.state === 'ok' ? null : collected.reason;
    return { name, state: collected.state, required, reason, ageMs: last === undefined ? null : nowMs - last };
  }

  #isoNow(): string {
    return new Date(this.#nowMs()).toISOString();
  }
}

const NOT_ASKED: Signal = {
  name: NVIDIA_SMI,
  state: 'unknown',
  required: false,
  reason: 'not asked: PCI shows no NVIDIA GPU and none is expected',
  ageMs: null,
};

/** There is no collector for AMD GPUs yet: a node that has some is not healthy by our silence. */
function amdSignals(pciGpus: HostSample['pciGpus'], required: boolean): Signal[] {
  const found = pciGpus.filter(({ vendor }) => vendor === 'amd').map(({ pciBusId }) => pciBusId);
  if (found.length === 0) return [];
  const reason = `AMD GPUs are not read by this version: ${found.join(', ')}`;
  return [{ name: AMD, state: 'unknown', required, reason, ageMs: null }];
}

export interface Assessor {
  readonly node: string;
  readonly ledger: Ledger;
  readonly expectedGpus: number | null;
  /** Most GPUs that this node was ever seen with, 0 before the first sample. */
  readonly mostGpusSeen: number;
}

export interface Assessment extends Applied {
  /** All open ones. */
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
  readonly mostGpusSeen: number;
}

/** Pure: the same observation and ledger give the same answer. */
export function assess(observation: NodeObservation, assessor: Assessor): Assessment {
  const { at, begunAt, comparable, events, samples, signals } = observation;
  const { node, ledger, expectedGpus, mostGpusSeen } = assessor;
  const seen = runChecks({ samples: comparable, events, at, sampledAt: begunAt, expectedGpus, mostGpusSeen });
  // Not to know the boot for once is no new boot.
  const bootId = samples.host?.bootId ?? ledger.bootId ?? UNKNOWN_BOOT;
  const applied = applySeen(ledger, { ...seen, samples: comparable, node, bootId, at });
  const open = findings(applied.ledger);
  return {
    ...applied,
    findings: open,
    verdict: verdict(open, signals),
    mostGpusSeen: Math.max(mostGpusSeen, samples.nvidia?.gpus.length ?? 0),
  };
}
