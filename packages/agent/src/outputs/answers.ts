/** Answers to what the aggregator asks: few at a time, each within a deadline and a length, and never without an answer. */
import { TEXT_MAX } from '@trivet/shared/protocol/limits.ts';
import type { Ask, ResultMessage } from '@trivet/shared/protocol/messages.ts';
import type { SiteAsked } from '../collectors/site-checks.ts';
import { errorText } from '../errors.ts';

/** Each may run a vendor's tool or a site check; a person asks one. */
const MAX_AT_ONCE = 4;
/** As long as an aggregator keeps a question open at most (`legs/telemetry/asks.ts`): after it nobody hears the answer. */
const DEADLINE_MS = 300_000;

/** What every node answers, besides its site checks. */
export const REPORT = 'report';

export type Answer = Pick<ResultMessage, 'state' | 'text'>;

/** To a question for a check. `failed`: it says fault, or there is none of this name; that it cannot tell is neither. */
export function siteAnswer(check: string, asked: SiteAsked): Answer {
  if ('trouble' in asked) return { state: 'unknown', text: asked.trouble };
  if ('there' in asked) {
    const there = [REPORT, ...asked.there].join(', ');
    return { state: 'failed', text: `${check} is not configured on this node; it has: ${there}` };
  }
  const { state, text, class: faultClass, gpu, values } = asked.result;
  const where = gpu === null ? '' : ` of GPU ${gpu.uuid ?? gpu.pciBusId}`;
  const numbers = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const said = numbers.length === 0 ? text : `${text} (${numbers.join(', ')})`;
  return state === 'fault'
    ? { state: 'failed', text: `fault (${faultClass})${where}: ${said}` }
    : { state, text: said };
}

export class Answers {
  readonly #answer: (ask: Ask) => Promise<Answer>;
  readonly #deadlineMs: number;
  #running = 0;

  constructor(answer: (ask: Ask) => Promise<Answer>, deadlineMs = DEADLINE_MS) {
    this.#answer = answer;
    this.#deadlineMs = deadlineMs;
  }

  async to(ask: Ask): Promise<ResultMessage> {
    const { state, text } = await this.#within(ask);
    return { type: 'result', askId: ask.askId, state, text: text.slice(0, TEXT_MAX) };
  }

  async #within(ask: Ask): Promise<Answer> {
    if (this.#running >= MAX_AT_ONCE) return { state: 'unknown', text: 'too many questions at once; ask again' };
    this.#running += 1;
    // What takes longer than the deadline still goes on, and counts until it ends.
    const answer = this.#try(ask).finally(() => (this.#running -= 1));
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<Answer>((resolve) => {
      const text = `no answer within ${this.#deadlineMs / 1000} s`;
      deadline = setTimeout(() => resolve({ state: 'unknown', text }), this.#deadlineMs).unref();
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(deadline));
  }

  async #try(ask: Ask): Promise<Answer> {
    try {
      return await this.#answer(ask);
    } catch (error) {
      return { state: 'unknown', text: errorText(error) };
    }
  }
}
