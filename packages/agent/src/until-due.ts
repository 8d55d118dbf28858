/** Waits for something that can only be looked for. */
import { performance } from 'node:perf_hooks';

export interface Waiting {
  /** Between two looks. */
  readonly everyMs: number;
  /** After it waiting ends, due or not. */
  readonly atMostMs: number;
  /** Ends it too, with the next look. */
  readonly signal: AbortSignal;
}

/** One promise and one timer for the whole of it: eight abortable pauses a second cost more CPU than what is done between them. */
export function untilDue(isDue: () => boolean, { everyMs, atMostMs, signal }: Waiting): Promise<void> {
  const untilMs = performance.now() + atMostMs;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!signal.aborted && performance.now() < untilMs && !isDue()) return;
      clearInterval(timer);
      resolve();
    }, everyMs);
  });
}
