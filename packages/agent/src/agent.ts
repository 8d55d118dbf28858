/**
 * The daemon: two loops and what they feed. The short one looks at the kernel log eight times a second and sends a report at once
 * when a line opens a finding; the long one asks the vendor's tool. Neither waits for the other: a tool that hangs on a
 * sick GPU must not hide what the kernel says about that GPU.
 */
import manifest from '../package.json' with { type: 'json' };
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Report } from '@trivet/shared/model/report.ts';
import type { Ask, Hello } from '@trivet/shared/protocol/messages.ts';
import { StateKeeper } from './agent-state.ts';
import type { AgentConfig } from './config.ts';
import { errorText } from './errors.ts';
import type { Log } from './log.ts';
import { renderAgentMetrics } from './agent-metrics.ts';
import { NodeWatch } from './node-watch.ts';
import { readChassisSerial } from './os/chassis.ts';
import { openOutbox } from './outbox/open.ts';
import type { Outbox } from './outbox/outbox.ts';
import { REPORT, siteAnswer } from './outputs/answers.ts';
import type { Answer } from './outputs/answers.ts';
import { startHttp } from './outputs/http.ts';
import type { LocalHttp, Readiness } from './outputs/http.ts';
import { Push } from './outputs/push.ts';
import { ownedSenses } from './owned-senses.ts';
import type { OwnedSenses } from './owned-senses.ts';
import { givenVendors } from './senses.ts';
import { lockState } from './state-lock.ts';
import { TokenFile } from './token-file.ts';
import { untilDue } from './until-due.ts';

export const AGENT_VERSION = manifest.version;

export interface AgentDeps {
  readonly log: Log;
  readonly random?: () => number;
  /** For the times that are written down; what is waited for is measured by the machine's own clock. */
  readonly nowMs?: () => number;
  readonly chassisSerial?: () => Promise<string | null>;
  /** For tests, and no setting: lines that user space wrote into the kernel log are believed. */
  readonly acceptUserFacility?: boolean;
}

export interface RunningAgent {
  /** `http://127.0.0.1:9110`, with the port that was taken. */
  readonly address: string;
  readonly agentId: string;
  /** A look at everything, begun now or after the one under way, and its report: also sent, as a report that was asked for. */
  report(): Promise<Report>;
  /** Flushes for at most FLUSH_MS, then closes everything. */
  stop(): Promise<void>;
}

/**
 * A kernel line waits at most this long for us, half of the quarter of a second in which it is to be
 * seen; disk, socket and the aggregator's commit have the rest. A glance costs 0.15 ms of CPU, most of it for waking up.
 */
const GLANCE_MS = 125;
/** A whole turn (0.35 ms) when there is nothing to do either: signals age, and what could not be sent is tried again. */
const TURN_MS = 1000;
/** A storm of lines makes one report a second, not four. */
const FINDING_REPORT_GAP_MS = 1000;
/** Six looks fill a window of ten minutes (`checks/window.ts`). */
const WINDOW_POLL_MAX_MS = 90_000;
const FLUSH_MS = 5000;

/** Throws `AgentError` when the state folder or the address cannot be had; the node's own troubles never stop it. */
export async function startAgent(config: AgentConfig, deps: AgentDeps): Promise<RunningAgent> {
  const { node, stateDir, outboxMaxBytes } = config;
  const { log } = deps;
  const unlock = lockState(stateDir, log);
  let outbox: Outbox | null = null;
  try {
    outbox = openOutbox(join(stateDir, 'outbox'), { node, log, maxBytes: outboxMaxBytes });
    const keeper = new StateKeeper(join(stateDir, 'state.json'), node, outbox, log);
    const owned = ownedSenses(config, keeper, deps);
    return await new Agent(config, deps, { outbox, keeper, unlock, ...owned }).start();
  } catch (error) {
    outbox?.close();
    unlock();
    throw error;
  }
}

interface Parts extends OwnedSenses {
  readonly outbox: Outbox;
  readonly keeper: StateKeeper;
  readonly unlock: () => void;
}

class Agent {
  readonly #config: AgentConfig;
  readonly #deps: AgentDeps;
  readonly #parts: Parts;
  readonly #watch: NodeWatch;
  readonly #push: Push | null;
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();
  #reportMs: number;
  #reported: Report | null = null;
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #openedReported = 0;
  #saidHardware = '';

  constructor(config: AgentConfig, deps: AgentDeps, parts: Parts) {
    const { outbox, keeper, senses } = parts;
    const { node, expectedGpus, aggregatorUrl } = config;
    const { log, random = Math.random, nowMs = Date.now } = deps;
    this.#config = config;
    this.#deps = deps;
    this.#parts = parts;
    this.#reportMs = config.reportMs;
    const { signal } = this.#stopping;
    const given = givenVendors(config);
    const token = config.tokenFile === null ? null : new TokenFile(config.tokenFile, log);
    this.#watch = new NodeWatch({ node, expectedGpus, given, senses, keeper, nowMs, log, signal });
    this.#push =
      aggregatorUrl === null
        ? null
        : new Push({
            url: aggregatorUrl,
            outbox,
            lostBefore: () => keeper.lost,
            log,
            random,
            hello: () => this.#hello(),
            token: () => token?.read() ?? null,
            answer: (ask) => this.#answer(ask),
            welcomed: ({ reportMs }) => (this.#reportMs = reportMs),
          });
  }

  async start(): Promise<RunningAgent> {
    const http = await startHttp(this.#config.listen, {
      metrics: () => this.#metrics(),
      readiness: () => this.#readiness(),
      report: () => this.#reported,
    });
    this.#loops = Promise.all([
      this.#watchKernel(),
      this.#every(null, () => this.#watch.poll()),
      this.#siteRounds(),
      this.#learnSerial(),
    ]);
    this.#warnOfRarePolls();
    this.#deps.log.info('agent started', { node: this.#config.node, address: http.address, version: AGENT_VERSION });
    return {
      address: http.address,
      agentId: this.#parts.outbox.agentId,
      report: () => this.#asked(),
      stop: () => this.#stop(http),
    };
  }

  #warnOfRarePolls(): void {
    const everyMs = Math.min(this.#config.pollMs, this.#reportMs);
    if (everyMs <= WINDOW_POLL_MAX_MS) return;
    const said =
      'polls are far apart: checks of what lasts for minutes (slowdown, replays, heat, …) have nothing to say';
    this.#deps.log.warn(said, { everyMs, atMostMs: WINDOW_POLL_MAX_MS });
  }

  /** Runs until stopped; `ms` null: as often as polls are due. */
  async #every(ms: number | null, turn: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const begunMs = performance.now();
      await this.#tried(turn);
      // Never less often than reports: each is to show a fresh sample.
      const everyMs = ms ?? Math.min(this.#config.pollMs, this.#reportMs);
      const waitMs = Math.max(0, everyMs - (performance.now() - begunMs));
      await pause(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** A turn that fails is said and does not end its loop. */
  async #tried(turn: () => Promise<void>): Promise<void> {
    try {
      await turn();
    } catch (error) {
      this.#deps.log.error('a turn failed; the next one follows', { reason: errorText(error) });
    }
  }

  async #watchKernel(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#tried(() => this.#kernelTurn());
      await untilDue(() => this.#isTurnDue(), { everyMs: GLANCE_MS, atMostMs: TURN_MS, signal: this.#stopping.signal });
    }
  }

  #isTurnDue(): boolean {
    if (this.#watch.opened > this.#openedReported || performance.now() - this.#reportedAtMs >= this.#reportMs)
      return true;
    const isHelloOwed = this.#push !== null && this.#saidHardware === '';
    return isHelloOwed || this.#watch.hasKernelNews;
  }

  async #kernelTurn(): Promise<void> {
    await this.#watch.readKernel();
    if (!this.#watch.isReady) return;
    if (this.#push !== null) this.#sayHello(this.#push);
    const sinceMs = performance.now() - this.#reportedAtMs;
    const isNews = this.#watch.opened > this.#openedReported;
    const waitMs = isNews ? Math.min(this.#reportMs, FINDING_REPORT_GAP_MS) : this.#reportMs;
    if (sinceMs >= waitMs) this.#report(isNews ? 'finding' : 'interval');
    this.#push?.flush();
  }

  /** Only once the node is known: a first hello without its GPUs would be taken for its hardware. */
  #sayHello(push: Push): void {
    const hardware = JSON.stringify(this.#watch.hardware);
    if (hardware === this.#saidHardware) return;
    const isFirst = this.#saidHardware === '';
    this.#saidHardware = hardware;
    if (isFirst) push.start();
    else push.reconnect('hardware changed');
  }

  #report(reason: Report['reason']): Report {
    this.#openedReported = this.#watch.opened;
    this.#reportedAtMs = performance.now();
    const report = this.#watch.report(reason);
    this.#reported = report;
    this.#push?.report(report);
    return report;
  }

  async #asked(): Promise<Report> {
    await this.#watch.readKernel();
    await this.#watch.poll();
    return this.#report('asked');
  }

  async #siteRounds(): Promise<void> {
    const { site } = this.#parts;
    if (site !== null) await this.#every(this.#config.siteCheckMs, () => site.round(this.#stopping.signal));
  }

  /** What is asked for is only ever compared with what is there. */
  async #answer({ check }: Ask): Promise<Answer> {
    if (check === REPORT) return { state: 'ok', text: (await this.#asked()).reportId };
    return siteAnswer(check, (await this.#parts.site?.ask(check, this.#stopping.signal)) ?? { there: [] });
  }

  async #learnSerial(): Promise<void> {
    const { chassisSerial = readChassisSerial } = this.#deps;
    this.#watch.setSerial(await chassisSerial());
  }

  #hello(): Hello {
    const { agentId, streamId } = this.#parts.outbox;
    const { bootId, hardware } = this.#watch;
    const { node } = this.#config;
    return { type: 'hello', v: 1, node, agentId, streamId, bootId, agentVersion: AGENT_VERSION, hardware };
  }

  #readiness(): Readiness {
    if (!this.#watch.isReady) return { ready: false, reasons: ['the first round over all collectors has not ended'] };
    const states = this.#watch
      .signals()
      .map(({ name, state, reason }) => `${name}: ${state}${reason ? ` (${reason})` : ''}`);
    return { ready: true, reasons: states };
  }

  #metrics(): Iterable<string> {
    const { node, expectedGpus, dcgmNames } = this.#config;
    return renderAgentMetrics({
      node,
      expectedGpus,
      dcgmNames,
      version: AGENT_VERSION,
      watch: this.#watch,
      outbox: this.#parts.outbox,
      keeper: this.#parts.keeper,
      push: this.#push,
    });
  }

  async #stop(http: LocalHttp): Promise<void> {
    const deadlineMs = performance.now() + FLUSH_MS;
    this.#stopping.abort();
    const loopsEnded = new AbortController();
    const patience = pause(FLUSH_MS, undefined, { signal: loopsEnded.signal }).catch(() => undefined);
    await Promise.race([this.#loops, patience]);
    loopsEnded.abort();
    this.#parts.close();
    this.#parts.keeper.saveAll();
    this.#push?.flush();
    while (this.#push?.idle === false && performance.now() < deadlineMs) await pause(20);
    this.#push?.stop();
    await http.close();
    this.#parts.outbox.close();
    this.#parts.unlock();
    this.#deps.log.info('agent stopped', { outboxDepth: this.#parts.outbox.depth });
  }
}
