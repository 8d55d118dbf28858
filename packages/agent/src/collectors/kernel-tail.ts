/**
 * The kernel log of a daemon: read several times a second by one reader, whose state everybody else may ask for. What it
 * brings goes to that reader alone, so that no event is taken twice or by somebody who forgets it.
 */
import { KERNEL_LOG } from '../checks/check.ts';
import type { KernelEvent } from '../checks/kernel-event.ts';
import type { Collected, Collector } from './collector.ts';
import type { KernelCursor, KernelLogSample, KernelSource } from './kernel-log.ts';

export interface KernelTailRead {
  readonly events: readonly KernelEvent[];
  readonly cursor: KernelCursor | null;
}

/** A backlog is read in portions, so that other work gets its turn between them. */
const PORTIONS_MAX = 16;

export class KernelTail implements Collector<KernelLogSample> {
  readonly name = KERNEL_LOG;
  readonly #source: KernelSource;
  /** Where the last portion ended: one that ends there too brought nothing. */
  #reached: number | null = null;
  #last: Collected<KernelLogSample> = { state: 'unknown', reason: 'the kernel log was not read yet' };

  constructor(source: KernelSource) {
    this.#source = source;
  }

  /** For the one reader: whether a read would bring anything. */
  hasNews(): boolean {
    return this.#source.hasNews?.() ?? true;
  }

  /** For the one reader. */
  async read(signal?: AbortSignal): Promise<KernelTailRead> {
    const events: KernelEvent[] = [];
    let cursor: KernelCursor | null = null;
    for (let portion = 0; portion < PORTIONS_MAX; portion++) {
      this.#last = await this.#source.collect(signal);
      const { sample } = this.#last;
      events.push(...(sample?.events ?? []));
      cursor = sample?.cursor ?? null;
      if (cursor === null || cursor.seq === this.#reached) break;
      this.#reached = cursor.seq;
    }
    return { events, cursor };
  }

  /** For everybody else: how the last read went, without its events. */
  collect(): Promise<Collected<KernelLogSample>> {
    const { sample } = this.#last;
    return Promise.resolve(sample === undefined ? this.#last : { ...this.#last, sample: { ...sample, events: [] } });
  }
}
