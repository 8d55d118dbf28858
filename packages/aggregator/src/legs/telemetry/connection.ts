/**
 * One agent's connection, from hello to close. Nothing that arrives here can change anything before it was validated whole,
 * and nothing can grow without end: the hello has a deadline, messages have a rate, and what waits for the disk is counted;
 * past a bound the socket is not read, so the agent's own back pressure does the rest.
 */
import { performance } from 'node:perf_hooks';
import type { WebSocket } from 'ws';
import { parseAgentMessage } from '@trivet/shared/protocol/schema.ts';
import {
  REFUSE_CODES,
  type AgentMessage,
  type AggregatorMessage,
  type Beat,
  type EventsMessage,
  type Hello,
  type Intervals,
  type ReportMessage,
  type ResultMessage,
} from '@trivet/shared/protocol/messages.ts';
import type { Log } from '../../log.ts';
import { messageOf } from '../../errors.ts';
import type { Store, StoredReport } from '../../store/index.ts';
import { Inbox } from './inbox.ts';
import type { Ingest, Work } from './ingest.ts';
import type { LatestReports } from './latest.ts';
import type { RefusalOfMessage, TelemetryMeter } from './meter.ts';
import { agentRow, eventRow, telemetryRow } from './rows.ts';
import { takeEvents, type Position } from './sequence.ts';

export interface ConnectionContext {
  readonly store: Pick<Store, 'ackedSeq'>;
  readonly ingest: Ingest;
  readonly latest: LatestReports;
  readonly meter: TelemetryMeter;
  readonly log: Log;
  readonly now: () => Date;
  readonly intervals: Intervals;
  /** Called once, when the hello was accepted: the place of the node's former connection is taken. */
  readonly joined: (connection: AgentConnection) => void;
  readonly left: (connection: AgentConnection) => void;
  /** A result came, whether or not anything was asked. */
  readonly answered: (connection: AgentConnection, result: ResultMessage) => void;
}

/** Close codes: RFC 6455 §7.4.1; 4000 and above are ours to give. */
export const CLOSE = { goingAway: 1001, policy: 1008, tryLater: 1013, replaced: 4000, resume: 4001 } as const;

const HELLO_DEADLINE_MS = 10_000;
/** Malformed messages in a row: an agent that is broken, not unlucky. */
const MALFORMED_MAX = 10;
/** Messages of one connection that wait for the disk. */
const UNCOMMITTED_MAX = 32;
/** Unsent acknowledgements of an agent that does not read. */
const UNSENT_BYTES_MAX = 1024 * 1024;

const NO_WORK: Work = { agent: null, events: [], stream: null, report: null, bytes: 0 };

export class AgentConnection {
  hello: Hello | null = null;
  beat: Beat | null = null;
  #lastHeardMs = performance.now();
  readonly #socket: WebSocket;
  readonly #context: ConnectionContext;
  readonly #helloDeadline: NodeJS.Timeout;
  readonly #inbox: Inbox;
  #opening = false;
  #position: Position = { last: 0, begun: false };
  #acked = 0;
  #uncommitted = 0;
  #malformed = 0;
  readonly #refused = new Set<RefusalOfMessage>();

  constructor(socket: WebSocket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    this.#helloDeadline = setTimeout(() => {
      this.#refuse('hello-first', '', `no hello within ${HELLO_DEADLINE_MS / 1000} s: send it first`);
      this.close(CLOSE.policy, 'no hello');
    }, HELLO_DEADLINE_MS);
    this.#inbox = new Inbox(
      socket,
      (frame) => this.#handleFrame(frame),
      () => this.#mustWait(),
    );
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? '' : String(data)));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#closed());
  }

  close(code: number, reason: string): void {
    this.#inbox.end();
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** The answer comes to `answered`, if it comes. */
  ask(askId: string, check: string): void {
    this.#send({ type: 'ask', askId, check });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** How long nothing came, for all we know: while we do not read, we cannot tell. */
  silentMs(nowMs: number): number {
    if (this.#socket.isPaused) this.#lastHeardMs = nowMs;
    return nowMs - this.#lastHeardMs;
  }

  #receive(frame: string): void {
    if (!this.isOpen) return;
    this.#lastHeardMs = performance.now();
    if (this.#inbox.push(frame)) return;
    this.#refuse('overload', '', 'more messages than this connection may queue: send slower');
    this.close(CLOSE.policy, 'overload');
  }

  #mustWait(): boolean {
    // Only a connection that waits for a commit itself is woken by one.
    const diskIsBehind = this.#uncommitted > 0 && this.#context.ingest.isFull();
    return this.#opening || this.#uncommitted >= UNCOMMITTED_MAX || diskIsBehind;
  }

  #handleFrame(frame: string): void {
    const parsed = parseAgentMessage(frame);
    if (!parsed.ok) {
      const { code, path, message } = parsed.refuse;
      this.#refuse(REFUSE_CODES.find((known) => known === code) ?? 'invalid', path, message);
      this.#malformed += 1;
      if (this.#malformed >= MALFORMED_MAX) this.close(CLOSE.policy, 'too many malformed messages in a row');
      return;
    }
    this.#malformed = 0;
    this.#context.meter.message(parsed.message.type);
    this.#handle(parsed.message);
  }

  #handle(message: AgentMessage): void {
    if (message.type === 'hello') return this.#onHello(message);
    const { hello } = this;
    if (hello === null) {
      this.#refuse('hello-first', '/type', `${message.type} before hello: send hello first`);
      return this.close(CLOSE.policy, 'hello first');
    }
    if (message.type === 'events') return this.#onEvents(hello, message);
    if (message.type === 'report') return this.#onReport(hello, message);
    if (message.type === 'beat') this.beat = message;
    else this.#context.answered(this, message);
  }

  #onHello(hello: Hello): void {
    if (this.hello !== null || this.#opening) {
      this.#refuse('hello-again', '/type', 'one hello a connection: reconnect to speak for another node');
      return this.close(CLOSE.policy, 'second hello');
    }
    this.#opening = true;
    clearTimeout(this.#helloDeadline);
    this.#context.store.ackedSeq(hello).then(
      (ackedSeq) => this.#welcome(hello, ackedSeq),
      (error: unknown) => this.#storeFailed(error),
    );
  }

  #welcome(hello: Hello, ackedSeq: number): void {
    this.#opening = false;
    if (!this.isOpen) return;
    this.hello = hello;
    this.#acked = ackedSeq;
    this.#position = { last: ackedSeq, begun: false };
    this.#context.joined(this);
    this.#send({ type: 'welcome', ackedSeq, intervals: this.#context.intervals });
    const agent = agentRow(hello, this.#context.now().toISOString());
    this.#commit({ ...NO_WORK, agent, bytes: agent.hardware.length }, () => undefined);
    this.#inbox.drain();
  }

  #onEvents(hello: Hello, { events }: EventsMessage): void {
    const { position, fresh, duplicates, missing, gapAt } = takeEvents(this.#position, events);
    this.#position = position;
    this.#context.meter.duplicates(duplicates);
    this.#context.meter.missing(missing);
    if (fresh.length > 0) this.#keepEvents(hello, fresh, missing);
    else if (gapAt === null) this.#send({ type: 'ack', seq: this.#acked });
    if (gapAt === null) return;
    const next = `${position.last + 1}`;
    this.#refuse(
      'sequence-gap',
      `/events/${gapAt}/seq`,
      `expected ${next}: reconnect and resume from the welcome's number`,
    );
    this.close(CLOSE.resume, 'sequence gap');
  }

  #keepEvents(hello: Hello, fresh: EventsMessage['events'], missing: number): void {
    const receivedAt = this.#context.now().toISOString();
    const { node, agentId, streamId } = hello;
    const events = fresh.map((event) => eventRow(hello, event, receivedAt));
    const ackedSeq = this.#position.last;
    const stream = { node, agentId, streamId, ackedSeq, missing };
    const bytes = events.reduce((total, { body }) => total + body.length, 0);
    this.#commit({ ...NO_WORK, events, stream, bytes }, () => {
      this.#acked = Math.max(this.#acked, ackedSeq);
      this.#send({ type: 'ack', seq: this.#acked });
    });
  }

  #onReport(hello: Hello, report: ReportMessage): void {
    const row = telemetryRow(hello, report, this.#context.now().toISOString());
    const stored: StoredReport = { reportId: report.reportId, agentId: hello.agentId, row };
    const bytes = 1024 * (1 + row.findings.length);
    this.#commit({ ...NO_WORK, report: stored, bytes }, () => this.#context.latest.put(stored));
  }

  #commit(work: Work, done: () => void): void {
    this.#uncommitted += 1;
    this.#context.ingest.add(work).then(
      () => {
        this.#uncommitted -= 1;
        done();
        this.#inbox.drain();
      },
      (error: unknown) => this.#storeFailed(error),
    );
  }

  /** Nothing was kept and nothing is acknowledged: the agent holds it, comes back and sends it again. */
  #storeFailed(error: unknown): void {
    this.#opening = false;
    if (!this.isOpen) return;
    this.#context.log.error('store.failed', { node: this.hello?.node ?? null, message: messageOf(error) });
    this.#refuse(
      'store-failed',
      '',
      'the aggregator could not write to its store: keep everything and come back later',
    );
    this.close(CLOSE.tryLater, 'store failed');
  }

  #refuse(code: RefusalOfMessage, path: string, message: string): void {
    this.#context.meter.refused(code);
    // Once a code and connection: the rest is in the counter, and an agent must not be able to fill the log.
    if (!this.#refused.has(code)) {
      this.#context.log.warn('agent.refused', { node: this.hello?.node ?? null, code, path, message });
    }
    this.#refused.add(code);
    this.#send({ type: 'refuse', code, path, message });
  }

  #send(message: AggregatorMessage): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > UNSENT_BYTES_MAX) return this.terminate();
    this.#socket.send(JSON.stringify(message));
  }

  #failed(error: Error): void {
    // ws ends the connection itself after these; only the size of a frame is worth a count of its own.
    if ('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') this.#context.meter.refused('too-large');
    this.#context.log.warn('agent.socket', { node: this.hello?.node ?? null, message: error.message });
  }

  #closed(): void {
    clearTimeout(this.#helloDeadline);
    this.#inbox.end();
    this.#context.left(this);
  }
}
