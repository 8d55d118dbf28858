/**
 * Collects what polls and scrapes left behind, once a minute. V8 by itself waits until the heap has grown by 8 MB over what is in
 * use, because a collection costs time that a busy program wants for something else; this one sleeps 998 ms of every
 * second, and the memory is the node's. Where `launch.ts` could not ask for the collector, V8's own pace stays.
 */
import { performance } from 'node:perf_hooks';

/** Some 10 ms of CPU each time: below 2 ms a poll. */
const TIDY_MS = 60_000;

export interface Tidying {
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Undefined: V8 was not told to lend it. */
  readonly collect: (() => unknown) | undefined;
}
const MACHINE: Tidying = { nowMs: () => performance.now(), collect: globalThis.gc };

/** To be called when work is done; collects once in a while. */
export function createTidy({ nowMs, collect }: Tidying = MACHINE): () => void {
  let lastMs = nowMs();
  return () => {
    if (nowMs() - lastMs < TIDY_MS) return;
    lastMs = nowMs();
    collect?.();
  };
}
