/**
 * One look at this node: every collector once, and which of them had to answer. `trivet check` and the daemon's loop
 * both use it, so that a person and the fleet are told the same.
 */
import type { Signal } from '@trivet/shared/model/node.ts';
import type { HostSample, Samples, Vendor } from '@trivet/shared/model/report.ts';
import type { Finding, Verdict } from '@trivet/shared/model/finding.ts';
import { verdict } from '@trivet/shared/health/verdict.ts';
import { KERNEL_LOG } from './checks/check.ts';
import { EMPTY_HISTORY, remember } from './checks/history.ts';
import type { History } from './checks/history.ts';
import { runChecks } from './checks/index.ts';
import { withLostNamed } from './checks/name-lost.ts';
import { countedAmdBoards, sampledGpus } from './checks/sampled-gpus.ts';
import type { KernelEvent } from './checks/kernel-event.ts';
import { EMPTY_LEDGER, UNKNOWN_BOOT, applySeen, findings } from './checks/ledger.ts';
import type { Applied, Ledger } from './checks/ledger.ts';
import type { Collected, Collector } from './collectors/collector.ts';
import type { KernelLogSample, KernelSource } from './collectors/kernel-log.ts';
import { SenseLedger } from './sense-runs.ts';
import type { Demand, Demands, Sense } from './senses.ts';

/** The two that every look has, and the others. */
export interface Senses {
  readonly host: Collector<HostSample>;
  readonly kernelLog: KernelSource;
  readonly others: readonly Sense[];
}

export interface NodeObservation {
  /** Before the first collector was asked, and after the last had answered. */
  readonly begunAt: string;
  readonly at: string;
  readonly samples: Samples;
  /** What checks may compare: freshly read, and without PCI where a person named the tool (it may describe another machine's GPUs). */
  readonly comparable: Samples;
  /** False where somebody named a tool: its GPUs need not be those on PCI. */
  readonly comparesPci: boolean;
  /** New kernel events, oldest first. */
  readonly events: readonly KernelEvent[];
  readonly signals: readonly Signal[];
}

/** The name of the signal that is no check's source. */
export const HOST = 'host';

/** One collect reads some 10⁵ records; a file of many months is read in several, and never without end. */
const KERNEL_LOG_ROUNDS_MAX = 64;

interface Asked {
  readonly collected: Collected<Samples>;
  readonly atMs: number;
}

export class NodeObserver {
  readonly #senses: Senses;
  readonly #demands: Demands;
  readonly #nowMs: () => number;
  readonly #lastSampleMs = new Map<string, number>();
  readonly #asked = new Map<string, Asked>();
  /** Of all senses but the kernel log, which its reader notes. */
  readonly runs = new SenseLedger();

  constructor(senses: Senses, demands: Demands, nowMs: () => number = Date.now) {
    this.#senses = senses;
    this.#demands = demands;
    this.#nowMs = nowMs;
  }

  /** Resolves within the collectors' own deadlines, one after the other: a sick node is not asked two things at once. */
  async observe(signal?: AbortSignal): Promise<NodeObservation> {
    const { given, isOwnNode, kernelLogRequired } = this.#demands;
    const begunAt = this.#isoNow();
    const kernel = await this.#collectKernelLog(signal);
    const host = await this.#run(this.#senses.host, signal);
    const signals = [this.#signal(HOST, host, isOwnNode)];
    let samples: Samples = host.sample === undefined ? {} : { host: host.sample };
    let comparable: Samples = isOwnNode ? samples : {};
    for (const sense of this.#senses.others) {
      const demand = sense.demand(host, this.#demands, samples);
      if (!demand.asked) {
        signals.push(notAsked(sense.name, demand));
        continue;
      }
      const { collected, isFresh } = await this.#ask(sense, signal);
      signals.push(this.#signal(sense.name, collected, demand.required, isFresh));
      samples = { ...samples, ...collected.sample };
      if (isFresh) comparable = { ...comparable, ...collected.sample };
    }
    signals.push(this.#signal(KERNEL_LOG, kernel.collected, kernelLogRequired));
    const comparesPci = given.size === 0;
    return { begunAt, at: this.#isoNow(), samples, comparable, comparesPci, events: kernel.events, signals };
  }

  /** A sense that is not due yet answers what it answered last. */
  async #ask(sense: Sense, signal?: AbortSignal): Promise<{ collected: Collected<Samples>; isFresh: boolean }> {
    const last = this.#asked.get(sense.name);
    const sinceMs = this.#nowMs() - (last?.atMs ?? 0);
    if (last !== undefined && sinceMs >= 0 && sinceMs < sense.everyMs)
      return { collected: last.collected, isFresh: false };
    const collected = await this.#run(sense, signal);
    this.#asked.set(sense.name, { collected, atMs: this.#nowMs() });
    return { collected, isFresh: true };
  }

  async #run<Sample>(
    sense: Collector<Sample> & Pick<Partial<Sense>, 'printedBytes'>,
    signal?: AbortSignal,
  ): Promise<Collected<Sample>> {
    const begunMs = performance.now();
    const collected = await sense.collect(signal);
    const tookMs = performance.now() - begunMs;
    const printedBytes = sense.printedBytes?.() ?? null;
    this.runs.note(sense.name, { isOk: collected.state === 'ok', tookMs, printedBytes });
    return collected;
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

  #signal(name: string, collected: Collected<unknown>, required: boolean, isFresh = true): Signal {
    const nowMs = this.#nowMs();
    // What was understood of an answer that is not ok is as fresh as any.
    if (isFresh && (collected.state === 'ok' || collected.sample !== undefined))
      this.#lastSampleMs.set(name, Math.min(collected.takenAtMs ?? nowMs, nowMs));
    const last = this.#lastSampleMs.get(name);
    const reason = collected.state === 'ok' ? null : collected.reason;
    // After a clock was set back the sample is from the future; an age below zero would void the whole report.
    const ageMs = last === undefined ? null : Math.max(0, nowMs - last);
    return { name, state: collected.state, required, reason, ageMs };
  }

  #isoNow(): string {
    return new Date(this.#nowMs()).toISOString();
  }
}

function notAsked(name: string, { required, reason }: Demand): Signal {
  return { name, state: 'unknown', required, reason: `not asked: ${reason ?? 'nothing to ask about'}`, ageMs: null };
}

/** What the node has behind it. */
export interface Past {
  readonly ledger: Ledger;
  /** Most GPUs that this node was ever seen with, 0 before the first sample. */
  readonly mostGpusSeen: number;
  readonly history: History;
}

/** Of a node that nobody has looked at before. */
export const NO_PAST: Past = { ledger: EMPTY_LEDGER, mostGpusSeen: 0, history: EMPTY_HISTORY };

export interface Assessor extends Past {
  readonly node: string;
  readonly expectedGpus: number | null;
}

export interface Assessment extends Applied {
  /** All open ones. */
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
  readonly mostGpusSeen: number;
  /** With this look in it. */
  readonly history: History;
}

function vendorsOf(gpus: readonly { readonly vendor: Vendor }[]): ReadonlySet<Vendor> {
  return new Set(gpus.map(({ vendor }) => vendor));
}

/** Pure: the same observation and ledger give the same answer. */
export function assess(observation: NodeObservation, assessor: Assessor): Assessment {
  const { at, begunAt, events, samples, signals } = observation;
  const { node, ledger, expectedGpus, mostGpusSeen } = assessor;
  // Not to know the boot for once is no new boot.
  const bootId = samples.host?.bootId ?? ledger.bootId ?? UNKNOWN_BOOT;
  const comparable = withLostNamed(observation.comparable, ledger.bootId === bootId ? ledger.uuids : {});
  const history = remember(assessor.history, { samples: comparable, events, atMs: Date.parse(at) });
  const known = {
    // The loaded module's own word first: the kernel log is read more often than the tool, and is this machine's.
    driverVersion:
      samples.host?.modules.nvidia.version ?? comparable.nvidia?.driverVersion ?? ledger.driverVersion ?? null,
    gpuBusIds: new Set([...Object.keys(ledger.uuids), ...(samples.host?.pciGpus ?? []).map((gpu) => gpu.pciBusId)]),
    toldVendors: vendorsOf(sampledGpus(samples)),
    pciVendors: vendorsOf(samples.host?.pciGpus ?? []),
    open: findings(ledger),
  };
  const { comparesPci } = observation;
  const looked = { samples: comparable, comparesPci, events, at, sampledAt: begunAt };
  const input = { ...looked, expectedGpus, mostGpusSeen, history, ...known };
  const seen = runChecks(input);
  const applied = applySeen(ledger, { ...seen, samples: comparable, sampledAt: begunAt, node, bootId, at });
  const open = findings(applied.ledger);
  return {
    ...applied,
    findings: open,
    verdict: verdict(open, signals),
    mostGpusSeen: Math.max(mostGpusSeen, (samples.nvidia?.gpus.length ?? 0) + (countedAmdBoards(samples) ?? 0)),
    history,
  };
}
