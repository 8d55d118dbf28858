/** Looks one after the other, as the agent takes them: history, checks, and what is open after each. For tests of windows and hysteresis. */
import type { Samples } from '@trivet/shared/model/report.ts';
import { QUIET } from './check-input.fixture.ts';
import { EMPTY_HISTORY, remember } from './history.ts';
import type { History } from './history.ts';
import { runChecks } from './index.ts';

const BEGIN_MS = Date.parse('2026-11-20T17:00:00.000Z');
const LOOK_MS = 10_000;

export class OverTime {
  #history: History = EMPTY_HISTORY;
  #nowMs = BEGIN_MS;
  readonly #open = new Set<string>();
  readonly texts = new Set<string>();

  /** For so many minutes the same; what is open at their end. */
  minutes(count: number, samples: Samples | ((look: number) => Samples), stepMs: number = LOOK_MS): string[] {
    for (let look = 0; look < (count * 60_000) / stepMs; look++) {
      this.look(typeof samples === 'function' ? samples(look) : samples, stepMs);
    }
    return this.open;
  }

  look(samples: Samples, stepMs: number = LOOK_MS): string[] {
    this.#nowMs += stepMs;
    this.#history = remember(this.#history, { samples, events: [], atMs: this.#nowMs });
    const at = new Date(this.#nowMs).toISOString();
    const { seen, absent } = runChecks({ ...QUIET, samples, at, sampledAt: at, history: this.#history });
    for (const { code, gpu, device } of absent) this.#open.delete(`${code}@${gpu?.pciBusId ?? device ?? 'node'}`);
    for (const { code, gpu, device, text } of seen) {
      this.#open.add(`${code}@${gpu?.pciBusId ?? device ?? 'node'}`);
      this.texts.add(text);
    }
    return this.open;
  }

  /** As after a restart: what is kept in memory is gone. */
  restart(): void {
    this.#history = { ...EMPTY_HISTORY, durable: this.#history.durable };
  }

  get open(): string[] {
    return [...this.#open].filter((code) => !code.startsWith('recovery-action')).toSorted();
  }
}
