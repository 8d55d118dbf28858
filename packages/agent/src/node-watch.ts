/**
 * What this node is known to be, kept up to date from two sides: `readKernel`, often and quick, and `poll`, which asks the
 * vendor's tool and may take its whole deadline. Each look goes through the same assessment and one commit.
 */
import { randomUUID } from 'node:crypto';
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { Hardware, Signal } from '@trivet/shared/model/node.ts';
import type { HostSample, Report, Samples } from '@trivet/shared/model/report.ts';
import type { AgentState, StateKeeper } from './agent-state.ts';
import { AMD_SMI, KERNEL_LOG, NVIDIA_SMI } from './checks/check.ts';
import { EMPTY_HISTORY } from './checks/history.ts';
import { UNKNOWN_BOOT, findings, isLedgerNews } from './checks/ledger.ts';
import { sampledGpus } from './checks/sampled-gpus.ts';
import { HOST, NodeObserver, assess } from './check-node.ts';
import type { NodeObservation, Senses } from './check-node.ts';
import type { KernelLogCounters } from './collectors/kernel-log.ts';
import { KernelTail } from './collectors/kernel-tail.ts';
import { errorText } from './errors.ts';
import type { Log } from './log.ts';
import { oneAtATime } from './one-at-a-time.ts';
import type { SenseRuns } from './sense-runs.ts';
import type { Demands } from './senses.ts';
import { findingEvent, kernelEvents } from './watch-events.ts';
import { KernelCounts, faultOf, xidOf } from './kernel-counts.ts';

export interface WatchOptions {
  readonly node: string;
  readonly expectedGpus: number | null;
  readonly given: Demands['given'];
  readonly senses: Senses;
  readonly keeper: StateKeeper;
  readonly nowMs: () => number;
  readonly log: Log;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** The sum of the collectors' own deadlines and then some: after it a poll is not slow, it is stuck. */
const STUCK_MS = 90_000;

export class NodeWatch {
  readonly #options: WatchOptions;
  readonly #kernel: KernelTail;
  readonly #observer: NodeObserver;
  #host: HostSample | null = null;
  #observation: NodeObservation | null = null;
  #observedAtMs = 0;
  #pollingSinceMs: number | null = null;
  #pollFailure: string | null = null;
  #kernelSignal: Signal | null = null;
  #kernelOkMs: number | null = null;
  #kernelCounters: KernelLogCounters | null = null;
  #serial: string | null = null;
  #recent = EMPTY_HISTORY.recent;
  #opened = 0;
  readonly xids = new KernelCounts(xidOf);
  readonly faults = new KernelCounts(faultOf);
  /** What the kernel has said since the last time. */
  readonly readKernel: () => Promise<void>;
  /** Asks every collector. */
  readonly poll: () => Promise<void>;

  constructor(options: WatchOptions) {
    const { senses, expectedGpus, given, nowMs } = options;
    this.#options = options;
    this.#kernel = new KernelTail(senses.kernelLog);
    const demands = { expectedGpus, given, isOwnNode: true, kernelLogRequired: true };
    this.#observer = new NodeObserver({ ...senses, kernelLog: this.#kernel }, demands, nowMs);
    this.readKernel = oneAtATime(() => this.#readKernel(options.signal));
    this.poll = oneAtATime(() => this.#poll(options.signal));
  }

  /** A first round over all collectors has ended, well or not. */
  get isReady(): boolean {
    return this.#observation !== null && this.#kernelSignal !== null;
  }
  /** Findings opened since the start: whoever sees it rise has something to report. */
  get opened(): number {
    return this.#opened;
  }
  get bootId(): string {
    return this.#host?.bootId ?? this.#options.keeper.state.ledger.bootId ?? UNKNOWN_BOOT;
  }
  get hardware(): Hardware {
    const { serial, gpus } = this.#options.keeper.state.hardware;
    return { serial: this.#serial ?? serial, gpus };
  }
  get findings(): readonly Finding[] {
    return findings(this.#options.keeper.state.ledger);
  }
  /** Findings that there was no room for, since the ledger began. */
  get dropped(): number {
    return this.#options.keeper.state.ledger.dropped;
  }
  get samples(): Samples {
    return this.#observation?.samples ?? {};
  }
  /** The kernel has said something that was not read yet. Cheap. */
  get hasKernelNews(): boolean {
    return this.#kernel.hasNews();
  }
  get runs(): readonly SenseRuns[] {
    return this.#observer.runs.all;
  }
  /** As this boot has learnt it. */
  uuidOf(pciBusId: string): string | null {
    return this.#options.keeper.state.ledger.uuids[pciBusId] ?? null;
  }
  get kernelCounters(): KernelLogCounters | null {
    return this.#kernelCounters;
  }

  setSerial(serial: string | null): void {
    this.#serial = serial;
    if (serial !== null) this.#options.keeper.commit({ hardware: this.hardware }, []);
  }

  async #readKernel(signal: AbortSignal): Promise<void> {
    const { senses, keeper, nowMs } = this.#options;
    // Lines belong to a boot, which has to be known before the first of them is judged.
    if (this.#host === null) this.#host = (await senses.host.collect(signal)).sample ?? null;
    const begunMs = performance.now();
    const { events, cursor } = await this.#kernel.read(signal);
    await this.#noteKernel(performance.now() - begunMs);
    this.xids.add(events);
    this.faults.add(events);
    const kernelCursor = cursor ?? keeper.state.kernelCursor;
    if (events.length === 0) return keeper.readUpTo(kernelCursor, nowMs());
    const at = new Date(nowMs()).toISOString();
    const samples = this.#host === null ? {} : { host: this.#host };
    const signals = this.signals();
    this.#take({ begunAt: at, at, samples, comparable: {}, comparesPci: false, events, signals }, { kernelCursor });
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { keeper, nowMs, log } = this.#options;
    this.#pollingSinceMs = nowMs();
    try {
      const observation = await this.#observer.observe(signal);
      if (signal.aborted) return;
      this.#host = observation.samples.host ?? this.#host;
      this.#observation = observation;
      this.#observedAtMs = nowMs();
      this.#pollFailure = null;
      this.#take(observation, { hardware: this.#hardwareOf(observation) ?? keeper.state.hardware });
    } catch (error) {
      // A collector does not throw for what a source does: this is a fault of ours, and the node is not known.
      this.#pollFailure = errorText(error);
      log.error('a poll failed', { reason: this.#pollFailure });
    } finally {
      this.#pollingSinceMs = null;
    }
  }

  signals(): Signal[] {
    const nowMs = this.#options.nowMs();
    const trouble = this.#trouble(nowMs);
    const polled = (this.#observation?.signals ?? []).filter(({ name }) => name !== KERNEL_LOG);
    const aged = polled.map((signal): Signal => {
      const ageMs = signal.ageMs === null ? null : signal.ageMs + Math.max(0, nowMs - this.#observedAtMs);
      return trouble === null ? { ...signal, ageMs } : { ...signal, ageMs, state: 'unknown', reason: trouble };
    });
    if (polled.length === 0 && trouble !== null) {
      aged.push({ name: HOST, state: 'unknown', required: true, reason: trouble, ageMs: null });
    }
    if (this.#kernelSignal !== null) aged.push({ ...this.#kernelSignal, ageMs: this.#sinceKernelOk(nowMs) });
    return aged;
  }

  report(reason: Report['reason']): Report {
    const takenAt = new Date(this.#options.nowMs()).toISOString();
    const { samples, findings: open } = this;
    return { reportId: randomUUID(), takenAt, reason, samples, findings: open, collectors: this.signals() };
  }

  /** Why what the last poll brought is not the present; null while it is. */
  #trouble(nowMs: number): string | null {
    const since = this.#pollingSinceMs;
    if (since !== null && nowMs - since > STUCK_MS) return `no answer for ${Math.round((nowMs - since) / 1000)} s`;
    return this.#pollFailure;
  }

  #take(observation: NodeObservation, change: Parameters<StateKeeper['commit']>[0]): void {
    const { node, expectedGpus, keeper, log } = this.#options;
    const { ledger, mostGpusSeen, history: durable } = keeper.state;
    const history = { recent: this.#recent, durable };
    const assessed = assess(observation, { node, ledger, expectedGpus, mostGpusSeen, history });
    this.#recent = assessed.history.recent;
    const events = [
      ...kernelEvents(observation.events, this.bootId),
      ...assessed.opened.map((finding) => findingEvent('opened', finding, observation.at)),
      ...assessed.closed.map((finding) => findingEvent('closed', finding, observation.at)),
    ];
    for (const { id, code, action, urgency } of assessed.opened)
      log.warn('finding opened', { id, code, action, urgency });
    for (const { id, code } of assessed.closed) log.info('finding closed', { id, code });
    const dropped = assessed.ledger.dropped - ledger.dropped;
    if (dropped > 0) log.error('findings were dropped, the weakest first: there was no room for all', { dropped });
    this.#opened += assessed.opened.length;
    const next = {
      ...change,
      ledger: assessed.ledger,
      mostGpusSeen: assessed.mostGpusSeen,
      history: assessed.history.durable,
    };
    // A node on which nothing happens leaves its disk alone, healthy or not.
    if (events.length > 0 || this.#isNews(next)) keeper.commit(next, events);
    else keeper.note({ ledger: next.ledger });
  }

  #isNews(next: Pick<AgentState, 'ledger'> & Partial<AgentState>): boolean {
    const { state } = this.#options.keeper;
    const isOther = (part: (typeof PARTS)[number]): boolean => differs(state[part], next[part] ?? state[part]);
    return isLedgerNews(state.ledger, next.ledger) || PARTS.some(isOther);
  }

  async #noteKernel(tookMs: number): Promise<void> {
    const nowMs = this.#options.nowMs();
    const collected = await this.#kernel.collect();
    this.#observer.runs.note(KERNEL_LOG, { isOk: collected.state === 'ok', tookMs, printedBytes: null });
    if (collected.state === 'ok') this.#kernelOkMs = nowMs;
    this.#kernelCounters = collected.sample?.counters ?? this.#kernelCounters;
    const reason = collected.state === 'ok' ? null : collected.reason;
    const ageMs = this.#sinceKernelOk(nowMs);
    this.#kernelSignal = { name: KERNEL_LOG, state: collected.state, required: true, reason, ageMs };
  }

  #sinceKernelOk(nowMs: number): number | null {
    return this.#kernelOkMs === null ? null : Math.max(0, nowMs - this.#kernelOkMs);
  }

  /** Only from a whole answer: a tool that fails has not taken the GPUs out. */
  #hardwareOf({ signals, samples }: NodeObservation): Hardware | null {
    const tools = [
      { tool: NVIDIA_SMI, sample: samples.nvidia },
      { tool: AMD_SMI, sample: samples.amd },
    ];
    const asked = tools.filter(({ tool, sample }) => sample !== undefined || isRequired(tool, signals));
    const isWhole = asked.every(({ tool, sample }) => sample !== undefined && isOk(tool, signals));
    return isWhole && asked.length > 0 ? { serial: this.hardware.serial, gpus: gpusOf(samples) } : null;
  }
}

function isRequired(tool: string, signals: readonly Signal[]): boolean {
  return signals.some(({ name, required }) => name === tool && required);
}

function isOk(tool: string, signals: readonly Signal[]): boolean {
  return signals.some(({ name, state }) => name === tool && state === 'ok');
}

function gpusOf(samples: Samples): Hardware['gpus'] {
  return sampledGpus(samples).map(({ uuid, pciBusId, serial, model }) => ({ uuid, pciBusId, serial, model }));
}

/** What a look may change beside the ledger. */
const PARTS = ['hardware', 'mostGpusSeen', 'history', 'kernelCursor'] as const;

function differs(before: unknown, now: unknown): boolean {
  return before !== now && JSON.stringify(before) !== JSON.stringify(now);
}
