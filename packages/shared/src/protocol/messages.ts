/**
 * Protocol v1 between agent and aggregator: JSON text over one WebSocket, at most FRAME_MAX_BYTES a frame, no compression.
 * Types only, so that the agent daemon does not load a validator; `schema.ts` holds the same shapes for the receiver.
 */
import type { Report } from '../model/report.ts';
import type { Hardware } from '../model/node.ts';

export const PROTOCOL_VERSION = 1;
export const SOCKET_PATH = '/v1/agents/socket';
export const FRAME_MAX_BYTES = 1024 * 1024;

/** An event is something that happened once and must not be lost: kept in the agent's outbox until acknowledged. */
export interface AgentEvent {
  /** Rises from 1 within one stream. A gap is an event that the node lost (counted in `Beat.lost`), or a number it would not risk using twice. */
  readonly seq: number;
  /** `kernel.xid`, `kernel.sxid`, `kernel.fault`, `kernel.gpu-reset`, `kernel.lost-records`, `finding.opened`, `finding.closed`, … */
  readonly kind: string;
  readonly at: string;
  readonly body: { readonly [key: string]: unknown };
}

export interface Hello {
  readonly type: 'hello';
  readonly v: 1;
  readonly node: string;
  /** Stable for an installation of the agent on a node. */
  readonly agentId: string;
  /** New whenever the outbox is created: an event's key is (agentId, streamId, seq). */
  readonly streamId: string;
  readonly bootId: string;
  readonly agentVersion: string;
  readonly hardware: Hardware;
}
export interface ReportMessage extends Report {
  readonly type: 'report';
}
export interface EventsMessage {
  readonly type: 'events';
  readonly events: readonly AgentEvent[];
}
export interface Beat {
  readonly type: 'beat';
  readonly outboxDepth: number;
  /** Events that the agent had to drop or found damaged, since its stream began. */
  readonly lost: number;
  /** Reports that were never sent, overtaken or too large, since its stream began. The newest one says all that is open. */
  readonly reportsDropped: number;
}
export interface ResultMessage {
  readonly type: 'result';
  readonly askId: string;
  readonly state: 'ok' | 'unknown' | 'failed';
  readonly text: string;
}
export type AgentMessage = Hello | ReportMessage | EventsMessage | Beat | ResultMessage;

export interface Intervals {
  readonly reportMs: number;
  readonly beatMs: number;
}
export interface Welcome {
  readonly type: 'welcome';
  readonly ackedSeq: number;
  readonly intervals: Intervals;
}
/** Cumulative, sent after the commit: the outbox may forget everything up to and including `seq`. */
export interface Ack {
  readonly type: 'ack';
  readonly seq: number;
}
/**
 * The first five say that the same bytes will never be taken: an agent drops the event, report or connection they concern.
 * Any other code (`unauthorised`, `store-failed`, …) means "not now": the agent disconnects, keeps everything and comes back.
 */
export const REFUSE_CODES = ['invalid', 'too-large', 'not-json', 'unknown-type', 'version'] as const;
export type RefuseCode = (typeof REFUSE_CODES)[number];
export interface Refuse {
  readonly type: 'refuse';
  /** One of REFUSE_CODES, or a code of the receiver for "not now". */
  readonly code: string;
  /** Path into the message that was refused, `/findings/0/class`. */
  readonly path: string;
  /** What is wrong and how to mend it. */
  readonly message: string;
}
export interface Ask {
  readonly type: 'ask';
  readonly askId: string;
  readonly check: string;
}
export type AggregatorMessage = Welcome | Ack | Refuse | Ask;
