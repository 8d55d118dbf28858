/** Answers to what the aggregator asks: few at a time, and never without an answer. */
import type { Ask, ResultMessage } from '@trivet/shared/protocol/messages.ts';
import { errorText } from '../errors.ts';

/** Each may run a vendor's tool; a person asks one. */
const MAX_AT_ONCE = 4;

export type Answer = Pick<ResultMessage, 'state' | 'text'>;

export class Answers {
  readonly #answer: (ask: Ask) => Promise<Answer>;
  #running = 0;

  constructor(answer: (ask: Ask) => Promise<Answer>) {
    this.#answer = answer;
  }

  async to(ask: Ask): Promise<ResultMessage> {
    const base = { type: 'result', askId: ask.askId } as const;
    if (this.#running >= MAX_AT_ONCE)
      return { ...base, state: 'failed', text: 'too many questions at once; ask again' };
    this.#running += 1;
    try {
      return { ...base, ...(await this.#answer(ask)) };
    } catch (error) {
      return { ...base, state: 'unknown', text: errorText(error) };
    } finally {
      this.#running -= 1;
    }
  }
}
