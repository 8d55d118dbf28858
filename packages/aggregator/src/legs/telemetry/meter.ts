/** What the receiver counts, with closed lists of labels. `api/metrics.ts` implements it for Prometheus. */
import { REFUSE_CODES, type AgentMessage } from '@trivet/shared/protocol/messages.ts';

/** How an attempt to connect ended. `replaced`: accepted, in the place of a live connection of the same node. */
export const CONNECTION_OUTCOMES = ['accepted', 'replaced', 'unauthorised', 'browser', 'full', 'stopping'] as const;
export type ConnectionOutcome = (typeof CONNECTION_OUTCOMES)[number];

/** Codes of `refuse` messages. The protocol's first: the same bytes will never be taken; ours: not now, or not so. */
export const RECEIVER_REFUSALS = ['hello-first', 'hello-again', 'sequence-gap', 'store-failed', 'overload'] as const;
export const REFUSALS = [...REFUSE_CODES, ...RECEIVER_REFUSALS] as const;
export type RefusalOfMessage = (typeof REFUSALS)[number];

/**
 * How a question to an agent ended. The first three are the agent's own answer; all others mean that nobody could tell.
 * `full`: more questions were open than may be.
 */
export const ASK_OUTCOMES = ['ok', 'failed', 'unknown', 'timed-out', 'disconnected', 'not-connected', 'full'] as const;
export type AskOutcome = (typeof ASK_OUTCOMES)[number];

export interface TelemetryMeter {
  connection(outcome: ConnectionOutcome): void;
  message(type: AgentMessage['type']): void;
  refused(code: RefusalOfMessage): void;
  asked(outcome: AskOutcome): void;
  /** A result that answers no open question of this connection: late, doubled or made up. It changes nothing. */
  strayResult(): void;
  /** Events that came again and were left out before the store. */
  duplicates(count: number): void;
  /** Sequence numbers that the agent itself no longer had. */
  missing(count: number): void;
  committed(batch: { events: number; stored: number; duplicate: number; reports: number; seconds: number }): void;
  commitFailed(): void;
}
