/** RDMA ports, in bounded time: an adapter that does not answer is said, and not asked again before it has. */
import type { InfinibandPort, InfinibandSample } from '@trivet/shared/model/infiniband.ts';
import { errorText } from '../errors.ts';
import { readInfinibandPorts } from '../os/infiniband.ts';
import { SYS } from '../os/sysfs.ts';
import type { Collected, Collector } from './collector.ts';

/** Some ten files a port, microseconds each; a firmware command takes milliseconds. */
const TIMEOUT_MS = 5000;

export interface InfinibandOptions {
  readonly sys?: string;
  readonly timeoutMs?: number;
  readonly read?: (sys: string) => Promise<readonly InfinibandPort[]>;
}

export class InfinibandCollector implements Collector<InfinibandSample> {
  readonly name = 'infiniband';
  readonly #sys: string;
  readonly #timeoutMs: number;
  readonly #read: NonNullable<InfinibandOptions['read']>;
  #isReading = false;

  constructor({ sys = SYS, timeoutMs = TIMEOUT_MS, read = readInfinibandPorts }: InfinibandOptions = {}) {
    this.#sys = sys;
    this.#timeoutMs = timeoutMs;
    this.#read = read;
  }

  async collect(signal?: AbortSignal): Promise<Collected<InfinibandSample>> {
    if (this.#isReading) return { state: 'unknown', reason: 'an adapter still does not answer' };
    this.#isReading = true;
    const reading = this.#read(this.#sys)
      .then((ports): Collected<InfinibandSample> => ({ state: 'ok', sample: { ports } }))
      .catch((error: unknown): Collected<InfinibandSample> => ({ state: 'unknown', reason: errorText(error) }))
      .finally(() => (this.#isReading = false));
    const { promise: late, resolve } = Promise.withResolvers<Collected<InfinibandSample>>();
    const giveUp = (): void => resolve({ state: 'unknown', reason: `no answer within ${this.#timeoutMs / 1000} s` });
    const timer = setTimeout(giveUp, this.#timeoutMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([reading, late]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }
}
