/** What the connection to the aggregator is given, and what it counts. */
import type { Ask, Hello, Intervals } from '@trivet/shared/protocol/messages.ts';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Answer } from './answers.ts';
import { BACKOFF } from './backoff.ts';
import type { BackoffBounds } from './backoff.ts';

export interface PushTiming {
  /** For the connection, and again for the welcome after it. */
  readonly connectMs: number;
  /** From a batch of events to its acknowledgement: a commit takes milliseconds, a busy store seconds. */
  readonly ackMs: number;
  readonly backoff: BackoffBounds;
}
export const PUSH_TIMING: PushTiming = { connectMs: 10_000, ackMs: 60_000, backoff: BACKOFF };

export interface PushOptions {
  /** With its path, `ws://trivet:8080/v1/agents/socket`. */
  readonly url: string;
  readonly outbox: Outbox;
  /** Events lost before the outbox had them. */
  readonly lostBefore: () => number;
  readonly log: Log;
  readonly random: () => number;
  readonly hello: () => Hello;
  /** Read anew for every connection, so that a rotated token needs no restart. Never logged. */
  readonly token: () => string | null;
  readonly answer: (ask: Ask) => Promise<Answer>;
  readonly welcomed: (intervals: Intervals) => void;
  readonly timing?: PushTiming;
}

export interface PushCounts {
  /** Connections that were welcomed. */
  welcomes: number;
  /** Refusals of any kind. */
  refusals: number;
  /** Frames of the aggregator that are no message. */
  badFrames: number;
}
