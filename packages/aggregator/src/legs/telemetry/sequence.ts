/**
 * Which events of a message are new, and how far the stream is whole afterwards. Pure. An agent sends in ascending order
 * and begins behind what was acknowledged to it, so on one connection:
 * - a number that was already taken is a duplicate;
 * - a jump before anything was taken: the agent no longer has what is between (it dropped or lost it), which is counted;
 * - a jump later: what is between may still come, so nothing behind it is taken. The connection ends, the agent resumes
 *   from the acknowledged number, and what it then begins with says whether the rest is lost.
 * So an acknowledgement, which is cumulative, never covers an event that the agent still holds and that we do not.
 */
import type { AgentEvent } from '@trivet/shared/protocol/messages.ts';

export interface Position {
  /** Last number taken, or acknowledged before this connection. */
  readonly last: number;
  /** Whether this connection has brought anything new. */
  readonly begun: boolean;
}

export interface Taken {
  readonly position: Position;
  readonly fresh: readonly AgentEvent[];
  readonly duplicates: number;
  readonly missing: number;
  /** Index of the event behind a jump; null when there was none. */
  readonly gapAt: number | null;
}

export function takeEvents(position: Position, events: readonly AgentEvent[]): Taken {
  let { last, begun } = position;
  const fresh: AgentEvent[] = [];
  let duplicates = 0;
  let missing = 0;
  for (const [index, event] of events.entries()) {
    if (event.seq <= last) {
      duplicates += 1;
      continue;
    }
    const jump = event.seq - last - 1;
    if (jump > 0 && begun) return { position: { last, begun }, fresh, duplicates, missing, gapAt: index };
    missing += jump;
    last = event.seq;
    begun = true;
    fresh.push(event);
  }
  return { position: { last, begun }, fresh, duplicates, missing, gapAt: null };
}
