/**
 * Which events go over the connection next. One batch is under way at a time, so a refusal that points at `/events/3` can
 * only mean the fourth event of that batch. The queue cannot be blocked: an event that the aggregator will never take
 * (a lasting refusal that names it) is left out from then on, counted as lost, and forgotten with the next acknowledgement.
 */
import { EVENTS_MAX } from '@trivet/shared/protocol/limits.ts';
import { FRAME_MAX_BYTES, REFUSE_CODES } from '@trivet/shared/protocol/messages.ts';
import type { AgentEvent, Refuse } from '@trivet/shared/protocol/messages.ts';
import type { Outbox } from '../outbox/outbox.ts';

export class Delivery {
  readonly #outbox: Outbox;
  /** Numbers that will not be sent again. Few: at most one batch's, as each acknowledgement clears them. */
  readonly #refused = new Set<number>();
  #underWay: readonly AgentEvent[] = [];
  /** The highest number that this connection knows of. */
  #highest = 0;
  #batchBytes = FRAME_MAX_BYTES / 2;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  get waiting(): boolean {
    return this.#underWay.length > 0;
  }

  /** The next batch, or null: nothing to send, or the last one is still unanswered. */
  next(): readonly AgentEvent[] | null {
    if (this.waiting) return null;
    for (;;) {
      const pending = this.#outbox.pending(0, { events: EVENTS_MAX, bytes: this.#batchBytes });
      const batch = pending.filter(({ seq }) => !this.#refused.has(seq));
      if (batch.length > 0) {
        this.#underWay = batch;
        this.#highest = batch.at(-1)?.seq ?? this.#highest;
        return batch;
      }
      const last = pending.at(-1);
      if (last === undefined) return null;
      // All that is left at the front was refused: nobody else will acknowledge it.
      this.#forget(last.seq);
    }
  }

  /** False when the number was never sent over this connection: a fault of the aggregator, and nothing is forgotten. */
  acked(seq: number): boolean {
    if (seq > this.#highest) return false;
    this.#forget(seq);
    this.#underWay = this.#underWay.filter((event) => event.seq > seq);
    return true;
  }

  /** The event that is dropped for it; null when the refusal names none, or is not for ever. */
  refused({ code, path }: Refuse): AgentEvent | null {
    if (!REFUSE_CODES.some((lasting) => lasting === code)) return null;
    const index = /^\/events\/(\d{1,6})(?:\/|$)/.exec(path)?.[1];
    const event = index === undefined ? undefined : this.#underWay[Number(index)];
    if (event === undefined) return null;
    this.#refused.add(event.seq);
    this.#outbox.countLost(1);
    // The frame was refused whole: the others are sent again without it.
    this.#underWay = [];
    return event;
  }

  /** The peer takes smaller frames than the protocol says. Nothing is dropped for that. */
  shrink(): void {
    this.#batchBytes = Math.max(1, Math.floor(this.#batchBytes / 2));
  }

  /** A connection begins: everything unacknowledged is sent again, from the number that the aggregator has. */
  connected(ackedSeq: number): void {
    this.#underWay = [];
    this.#highest = ackedSeq;
    this.#forget(ackedSeq);
  }

  #forget(seq: number): void {
    this.#outbox.ack(seq);
    for (const refused of this.#refused) if (refused <= seq) this.#refused.delete(refused);
  }
}
