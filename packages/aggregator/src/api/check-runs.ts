/**
 * Fan-outs of one named check over many nodes. A few may go on at once, each asks a limited number of nodes at a time, and
 * each ends within an hour. Whoever asked and went away is not worked for: no further node is asked. A node's answer is
 * handed out as it comes; a reader who is slow slows the asking, nothing piles up.
 */
import { once, setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { PassThrough } from 'node:stream';
import { TrivetError } from '../errors.ts';
import type { AskAnswer, Receiver } from '../legs/telemetry/index.ts';
import type { Log } from '../log.ts';
import type { CheckLine, CheckResultLine } from './check-lines.ts';
import type { Target } from './check-targets.ts';
import { fanOut } from './fan-out.ts';

export const CONCURRENCY_DEFAULT = 32;
export const CONCURRENCY_MAX = 128;
/** Two people, a script and one to spare. */
const RUNS_MAX = 4;
/** A fleet of 20,000 nodes that answer within a second takes ten minutes; what takes an hour is not being waited for. */
const RUN_MAX_MS = 3_600_000;

/** How a fan-out ended. `gone`: whoever had asked went away; `late`: it took longer than an hour; `busy`: not begun. */
export const RUN_OUTCOMES = ['done', 'gone', 'late', 'busy'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

export interface CheckRun {
  readonly check: string;
  readonly targets: readonly Target[];
  /** For each node. */
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** Who asked, for the log. */
  readonly by: { readonly admission: string; readonly peer: string };
}

export interface CheckRunsOptions {
  readonly receiver: Pick<Receiver, 'ask'>;
  readonly meter: { ran(outcome: RunOutcome): void };
  readonly log: Log;
}

export class CheckRuns {
  readonly #options: CheckRunsOptions;
  #running = 0;

  constructor(options: CheckRunsOptions) {
    this.#options = options;
  }

  /** Lines of JSON as nodes answer (`check-lines.ts`). Throws `checks.busy` when too many runs go on. */
  start(run: CheckRun): PassThrough {
    const { log, meter } = this.#options;
    if (this.#running >= RUNS_MAX) {
      meter.ran('busy');
      throw new TrivetError('checks.busy', `${RUNS_MAX} runs of checks go on already: wait for one to end`);
    }
    this.#running += 1;
    const lines = new PassThrough();
    // Every worker may wait for the reader.
    lines.setMaxListeners(CONCURRENCY_MAX + 10);
    // Of whoever went away: what is written then is for nobody.
    lines.on('error', () => undefined);
    const { check, targets, timeoutMs, concurrency, by } = run;
    log.info('checks.run', { ...by, check, nodes: targets.length, timeoutMs, concurrency });
    void this.#work(run, lines).finally(() => {
      this.#running -= 1;
      lines.end();
    });
    return lines;
  }

  async #work({ check, targets, timeoutMs, concurrency, by }: CheckRun, lines: PassThrough): Promise<void> {
    const { log, meter } = this.#options;
    const gone = new AbortController();
    lines.once('close', () => {
      if (lines.writableEnded) return;
      log.info('checks.gone', { ...by, check });
      gone.abort();
    });
    const late = AbortSignal.timeout(RUN_MAX_MS);
    const signal = AbortSignal.any([gone.signal, late]);
    setMaxListeners(CONCURRENCY_MAX + 10, signal);
    const begunMs = performance.now();
    const counts = { ok: 0, failed: 0, unknown: 0 };
    await write(lines, { kind: 'begun', check, nodes: targets.length }, signal);
    const asked = await fanOut(targets, { concurrency, signal }, async (target) => {
      const result = { kind: 'result', node: target.node, ...(await this.#ask(target, check, timeoutMs)) } as const;
      counts[result.state] += 1;
      await write(lines, result, signal);
    });
    const ms = Math.round(performance.now() - begunMs);
    const summary = { ...counts, notAsked: targets.length - asked, ms };
    lines.write(`${JSON.stringify({ kind: 'summary', ...summary } satisfies CheckLine)}\n`);
    const outcome = endOf(gone.signal, late);
    meter.ran(outcome);
    log.info('checks.ran', { ...by, check, outcome, ...summary });
  }

  #ask({ agents }: Target, check: string, timeoutMs: number): Promise<AskAnswer> {
    const [agent, ...others] = agents;
    if (agent !== undefined && others.length === 0) return this.#options.receiver.ask(agent, { check, timeoutMs });
    const text = `not asked: several agents are meant (${agents.slice(0, 3).join(', ')}); name one with its domain`;
    return Promise.resolve({ state: 'unknown', text, ms: 0 });
  }
}

function endOf(gone: AbortSignal, late: AbortSignal): RunOutcome {
  if (gone.aborted) return 'gone';
  return late.aborted ? 'late' : 'done';
}

/** Waits for the reader when it is behind; not for one that went away. */
async function write(lines: PassThrough, line: CheckLine | CheckResultLine, signal: AbortSignal): Promise<void> {
  if (signal.aborted || lines.write(`${JSON.stringify(line)}\n`)) return;
  await once(lines, 'drain', { signal }).catch(() => undefined);
}
