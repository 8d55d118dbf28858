/**
 * Runs passes: one each interval and on request, never two at once. A pass that throws is logged and counted; what the last
 * good one left, folder and state, stays.
 */
import { messageOf } from './errors.ts';
import type { Log } from './log.ts';
import type { PassOutcome } from './passes/index.ts';

export interface PassLoopOptions {
  readonly run: () => Promise<PassOutcome>;
  readonly passed: (outcome: PassOutcome) => void;
  readonly failed: (error: unknown) => void;
  /** Null: only on request. */
  readonly intervalMs: number | null;
  readonly log: Log;
}

export interface PassLoop {
  /** One pass, after the one that is running. Rejects as the pass did. */
  runOnce(): Promise<PassOutcome>;
  /** Begins no other pass; resolves when the running one has ended. */
  stop(): Promise<void>;
}

export function startPassLoop(options: PassLoopOptions): PassLoop {
  const { run, passed, failed, intervalMs, log } = options;
  let tail: Promise<unknown> = Promise.resolve();
  let stopped = false;
  let waiting = 0;

  function runOnce(): Promise<PassOutcome> {
    waiting += 1;
    const pass = tail.then(runAndReport).finally(() => {
      waiting -= 1;
    });
    tail = pass.catch(() => undefined);
    return pass;
  }

  async function runAndReport(): Promise<PassOutcome> {
    if (stopped) throw new Error('the aggregator is stopping: no pass begins');
    try {
      const outcome = await run();
      passed(outcome);
      log.info('pass.done', { pass: outcome.id, planned: outcome.planned, durationMs: Math.round(outcome.durationMs) });
      return outcome;
    } catch (error) {
      failed(error);
      log.error('pass.failed', { message: messageOf(error) });
      throw error;
    }
  }

  /** A pass that outlasts the interval is not followed by a queue of late ones. */
  function tick(): void {
    if (waiting === 0) runOnce().catch(() => undefined);
    else log.warn('pass.late', { intervalMs });
  }

  const timer = intervalMs === null ? null : setInterval(tick, intervalMs);
  // The first at once: it says that telemetry is not complete yet, which beats an empty page.
  if (timer !== null) tick();
  return {
    runOnce,
    stop: async () => {
      stopped = true;
      if (timer !== null) clearInterval(timer);
      await tail;
    },
  };
}
