/**
 * The agent's one connection to its aggregator: hello, welcome, then reports (the newest only: a report that was overtaken is
 * worth nothing), events until they are acknowledged, and beats. It assumes nothing of the other end: every wait has a
 * deadline, silence ends the connection, what cannot be sent waits in a bounded place, and it comes back with back-off.
 */
import { randomUUID } from 'node:crypto';
import type { RawData } from 'ws';
import { WebSocket } from 'ws';
import type { Report } from '@trivet/shared/model/report.ts';
import { parseAggregatorMessage } from '@trivet/shared/protocol/guard.ts';
import { FRAME_MAX_BYTES, REFUSE_CODES } from '@trivet/shared/protocol/messages.ts';
import type { AgentMessage, Ask, Refuse, Welcome } from '@trivet/shared/protocol/messages.ts';
import { errorText } from '../errors.ts';
import { Answers } from './answers.ts';
import { backoffMs } from './backoff.ts';
import { Delivery } from './delivery.ts';
import { DroppedReports } from './dropped-reports.ts';
import { NewestReport } from './newest-report.ts';
import { openSocket } from './open-socket.ts';
import { PUSH_TIMING } from './push-options.ts';
import type { PushCounts, PushOptions, PushTiming } from './push-options.ts';

/** A stalled peer must not fill our memory: above this nothing more is handed to the socket. */
const BUFFERED_MAX_BYTES = FRAME_MAX_BYTES;
/** Missed beats until silence counts as a dead connection. */
const SILENT_BEATS = 3;
const CLOSE_MESSAGE_TOO_BIG = 1009;

export class Push {
  readonly counts: PushCounts = { welcomes: 0, refusals: 0, badFrames: 0 };
  readonly reports: NewestReport;
  readonly #options: PushOptions;
  readonly #timing: PushTiming;
  readonly #delivery: Delivery;
  readonly #answers: Answers;
  readonly #drops: DroppedReports;
  #socket: WebSocket | null = null;
  #beatMs: number | null = null;
  #attempt = 0;
  #heard = false;
  #silentBeats = 0;
  #stopped = false;
  #deadline: NodeJS.Timeout | undefined;
  #beats: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: PushOptions) {
    this.#options = options;
    this.#timing = options.timing ?? PUSH_TIMING;
    this.#delivery = new Delivery(options.outbox);
    this.#answers = new Answers(options.answer);
    this.#drops = new DroppedReports(options.outbox, options.log);
    this.reports = new NewestReport((reason) => this.#drops.note(reason));
  }

  /** Welcomed, and not silent since. */
  get connected(): boolean {
    return this.#beatMs !== null;
  }

  start(): void {
    this.#connect();
  }

  /** Replaces a report that is still waiting. */
  report(report: Report): void {
    this.reports.put(report);
    this.flush();
  }

  /** Sends what may be sent now: call it after an event was appended. */
  flush(): void {
    if (!this.connected) return;
    if (this.#hasRoom()) this.#sendReport();
    if (!this.#hasRoom()) return;
    const batch = this.#delivery.next();
    if (batch === null) return;
    this.#send({ type: 'events', events: batch });
    this.#within(this.#timing.ackMs, 'events were not acknowledged');
  }

  /** Says hello again, for example because the hardware is another. */
  reconnect(reason: string): void {
    this.#attempt = 0;
    this.#drop(reason);
  }

  /** Nothing is left to say, or nobody to say it to. */
  get idle(): boolean {
    return (
      !this.connected ||
      (!this.reports.waiting && this.#options.outbox.depth === 0 && this.#socket?.bufferedAmount === 0)
    );
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    const socket = this.#socket;
    if (socket === null) return;
    socket.close(1000);
    // A peer that does not answer the close is not waited for.
    this.#within(1000, 'close was not answered');
  }

  #connect(): void {
    const { url, token } = this.#options;
    this.#heard = false;
    let socket: WebSocket;
    try {
      socket = openSocket(url, token(), this.#timing.connectMs);
    } catch (error) {
      this.#options.log.error('aggregator cannot be called', { reason: errorText(error) });
      return this.#again();
    }
    this.#socket = socket;
    socket.on('open', () => {
      this.#send(this.#options.hello());
      this.#within(this.#timing.connectMs, 'no welcome');
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => this.#hear());
    socket.on('ping', () => this.#hear());
    socket.on('error', (error) =>
      this.#options.log.warn('connection to the aggregator failed', { reason: errorText(error) }),
    );
    socket.on('close', (code, reason) => this.#closed(code, reason.toString('utf8')));
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#hear();
    // `nodebuffer` is the default form of RawData for text.
    const message = isBinary || !Buffer.isBuffer(data) ? null : parseAggregatorMessage(data.toString('utf8'));
    if (message === null) {
      this.counts.badFrames += 1;
      this.#options.log.warn('aggregator sent something that is no message of protocol v1; it is ignored');
      return;
    }
    if (message.type === 'refuse') return this.#refused(message);
    if (message.type === 'welcome') return this.#welcomed(message);
    if (!this.connected) return;
    if (message.type === 'ask') return void this.#asked(message);
    if (!this.#delivery.acked(message.seq))
      return this.#drop(`acknowledged event ${message.seq}, which it was never sent`);
    if (!this.#delivery.waiting) clearTimeout(this.#deadline);
    this.flush();
  }

  #welcomed({ ackedSeq, intervals }: Welcome): void {
    const { outbox, log, welcomed } = this.#options;
    if (this.connected) return;
    clearTimeout(this.#deadline);
    if (ackedSeq > outbox.lastSeq) return this.#renewStream(ackedSeq);
    this.#delivery.connected(ackedSeq);
    this.counts.welcomes += 1;
    this.#beatMs = intervals.beatMs;
    this.reports.renew();
    this.#silentBeats = 0;
    this.#drops.connected();
    this.#beats = setInterval(() => this.#beat(), intervals.beatMs);
    const { depth: outboxDepth, reportsDropped } = outbox;
    log.info('connected to the aggregator', { ackedSeq, outboxDepth, reportsDropped });
    welcomed(intervals);
    this.flush();
  }

  /** Each time a little later: an aggregator that says it of every stream is at fault itself. */
  #renewStream(ackedSeq: number): void {
    const { outbox, log } = this.#options;
    const said = 'aggregator knows more of this stream than its outbox: the state folder is an older copy; new stream';
    log.error(said, { ackedSeq, lastSeq: outbox.lastSeq });
    try {
      outbox.renewStream(randomUUID());
    } catch (error) {
      log.error('the new stream could not be saved; tried again', { reason: errorText(error) });
    }
    this.#drop('new stream');
  }

  #beat(): void {
    this.#silentBeats = this.#heard ? 0 : this.#silentBeats + 1;
    this.#heard = false;
    if (this.#silentBeats >= SILENT_BEATS) return this.#drop('silent');
    // It lived, so that the next failure is a first one. A connection that is only ever accepted does not get here.
    this.#attempt = 0;
    if (!this.#hasRoom()) return;
    const { outbox, lostBefore } = this.#options;
    const { depth: outboxDepth, reportsDropped } = outbox;
    this.#send({ type: 'beat', outboxDepth, lost: outbox.lost + lostBefore(), reportsDropped });
    this.#socket?.ping();
    this.flush();
  }

  #refused(refuse: Refuse): void {
    const { log } = this.#options;
    const { code, path, message } = refuse;
    this.counts.refusals += 1;
    const dropped = this.#delivery.refused(refuse);
    if (dropped !== null) {
      log.error('aggregator refuses an event for ever; it is dropped', {
        code,
        path,
        message,
        seq: dropped.seq,
        kind: dropped.kind,
      });
      clearTimeout(this.#deadline);
      this.flush();
      return;
    }
    log.error('aggregator refuses', { code, path, message });
    // A lasting refusal of a report concerns that report; of the hello, or for now, it concerns the connection.
    const lasting = REFUSE_CODES.some((known) => known === code);
    if (!this.connected || !lasting || path === '' || path.startsWith('/events')) this.#drop(`refused: ${code}`);
  }

  async #asked(ask: Ask): Promise<void> {
    const result = await this.#answers.to(ask);
    if (this.connected) this.#send(result);
  }

  #sendReport(): void {
    const frame = this.reports.take();
    if (frame !== null) this.#socket?.send(frame);
  }

  #send(message: AgentMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #hasRoom(): boolean {
    return (this.#socket?.bufferedAmount ?? 0) < BUFFERED_MAX_BYTES;
  }

  #hear(): void {
    this.#heard = true;
  }

  /** One deadline at a time: connection, welcome, acknowledgement and close follow one another. */
  #within(ms: number, otherwise: string): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#drop(otherwise), ms);
  }

  #drop(reason: string): void {
    if (this.#socket === null) return;
    if (!this.#stopped) this.#options.log.warn('connection to the aggregator is given up', { reason });
    this.#socket.terminate();
  }

  #closed(code: number, reason: string): void {
    clearTimeout(this.#deadline);
    clearInterval(this.#beats);
    if (this.connected) this.#options.log.info('connection to the aggregator ended', { code, reason });
    if (code === CLOSE_MESSAGE_TOO_BIG) this.#delivery.shrink();
    this.#socket = null;
    this.#beatMs = null;
    if (!this.#stopped) this.#again();
  }

  #again(): void {
    const waitMs = backoffMs(this.#attempt, this.#options.random(), this.#timing.backoff);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), waitMs);
  }
}
