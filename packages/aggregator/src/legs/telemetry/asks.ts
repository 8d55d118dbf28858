/**
 * Questions to agents that wait for their answers. Each has an id of ours, a deadline and the connection that was asked: only
 * that one can answer it. Whatever else happens (silence, a lost connection, too many questions) is `unknown` with a reason:
 * that we could not hear a node says nothing about it.
 */
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ResultMessage } from '@trivet/shared/protocol/messages.ts';
import type { AskOutcome, TelemetryMeter } from './meter.ts';

/** What is asked; no name but one that the node itself has configured makes it run anything. */
export interface Question {
  readonly check: string;
  readonly timeoutMs: number;
}

export interface AskAnswer {
  readonly state: ResultMessage['state'];
  readonly text: string;
  /** From the question to its answer, or to when we gave up. */
  readonly ms: number;
}

/** Of a connection, no more than this. */
export interface Askable {
  ask(askId: string, check: string): void;
}

/** A check may take longer than a person waits, but nobody keeps a question open for an hour. */
export const ASK_TIMEOUT_MIN_MS = 1_000;
export const ASK_TIMEOUT_MAX_MS = 300_000;
/** Four fan-outs of 128 at once (`api/check-runs.ts`) and then some; one costs about 1 kB. */
const PENDING_MAX = 1_024;

interface Pending {
  readonly connection: Askable;
  readonly settle: (outcome: AskOutcome, answer: Omit<AskAnswer, 'ms'>) => void;
}

export class Asks {
  readonly #meter: Pick<TelemetryMeter, 'asked' | 'strayResult'>;
  readonly #nowMs: () => number;
  readonly #pending = new Map<string, Pending>();

  constructor(meter: Pick<TelemetryMeter, 'asked' | 'strayResult'>, nowMs: () => number = () => performance.now()) {
    this.#meter = meter;
    this.#nowMs = nowMs;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Never rejects. `connection` undefined: the node has none. */
  ask(connection: Askable | undefined, { check, timeoutMs }: Question): Promise<AskAnswer> {
    if (connection === undefined) return this.#notAsked('not-connected', 'its agent is not connected');
    if (this.#pending.size >= PENDING_MAX)
      return this.#notAsked('full', `not asked: ${PENDING_MAX} questions are open already; ask again`);
    return new Promise((resolve) => {
      const askId = randomUUID();
      const begunMs = this.#nowMs();
      const settle: Pending['settle'] = (outcome, answer) => {
        clearTimeout(deadline);
        this.#pending.delete(askId);
        this.#meter.asked(outcome);
        resolve({ ...answer, ms: Math.round(this.#nowMs() - begunMs) });
      };
      const deadline = setTimeout(
        () => settle('timed-out', { state: 'unknown', text: `no answer within ${timeoutMs / 1000} s` }),
        timeoutMs,
      );
      this.#pending.set(askId, { connection, settle });
      connection.ask(askId, check);
    });
  }

  /** Of another connection than the one that was asked it is as stray as one that nobody asked for. */
  answered(connection: Askable, { askId, state, text }: ResultMessage): void {
    const pending = this.#pending.get(askId);
    if (pending === undefined || pending.connection !== connection) return this.#meter.strayResult();
    pending.settle(state, { state, text });
  }

  left(connection: Askable): void {
    const text = 'its connection ended before it answered';
    for (const pending of this.#pending.values()) {
      if (pending.connection === connection) pending.settle('disconnected', { state: 'unknown', text });
    }
  }

  #notAsked(outcome: AskOutcome, text: string): Promise<AskAnswer> {
    this.#meter.asked(outcome);
    return Promise.resolve({ state: 'unknown', text, ms: 0 });
  }
}
