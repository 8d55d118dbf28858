/**
 * Events on disk until the aggregator has committed them: a queue of segment files, appended to and synced before an event
 * may be sent, forgotten after a cumulative acknowledgement. It survives SIGKILL and power loss at any instant:
 *
 * - `append` is one write and one fsync for a batch. What a cut write leaves has no valid check sum and is taken away when
 *   the outbox is opened; its numbers are skipped, so that no number ever names two events.
 * - A damaged record in the middle (bit rot) is skipped and counted in `lost`.
 * - An acknowledgement that is lost is harmless: the event is sent again and the store knows its key.
 * - When the disk bound is reached the oldest segment goes, and its events are counted in `lost`: what is wrong now is worth
 *   more than what was, and open findings travel in every report anyway.
 *
 * Once, not twice: a source that can be read again after a crash (the kernel's log, the ledger of findings) puts its own
 * position into each event (`cursor`). Event and position are one record, so there is no instant at which one of them is
 * durable and the other is not. After a restart the source goes on behind `cursor(source)`, read from the log itself.
 *
 * One writer a folder. Synchronous on purpose: events are rare, and what returns is durable.
 */
import { EVENT_BODY_MAX_BYTES } from '@trivet/shared/protocol/limits.ts';
import type { AgentEvent } from '@trivet/shared/protocol/messages.ts';
import { errorText } from '../errors.ts';
import type { Log } from '../log.ts';
import { saveIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import type { Progress, ProgressFile } from './progress.ts';
import { SegmentQueue, waiting } from './segment-queue.ts';
import type { Bounds, Segment } from './segment-queue.ts';
import { SegmentWriter } from './segment-writer.ts';
import { encodeLine, segmentPath } from './segment.ts';
import type { Cursor } from './segment.ts';

/** About 50,000 kernel events: weeks of a sick node without its aggregator. */
export const OUTBOX_MAX_BYTES = 16 * 1024 * 1024;
const SEGMENTS = 16;

export interface NewEvent {
  readonly kind: string;
  readonly at: string;
  readonly body: { readonly [key: string]: unknown };
  readonly cursor?: Cursor;
}

/** What was found on disk; `open.ts` makes it. */
export interface OutboxState {
  readonly directory: string;
  readonly maxBytes: number;
  readonly log: Log;
  readonly identity: Identity;
  readonly segments: readonly Segment[];
  readonly progress: Progress;
  readonly progressFile: ProgressFile;
  readonly cursors: ReadonlyMap<string, string>;
  /** What is still to be written before the first append; throws what the file system says, and may be called again. */
  readonly settle: () => void;
}

export class Outbox {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #log: Log;
  readonly #settle: () => void;
  readonly #cursors: Map<string, string>;
  readonly #segments: SegmentQueue;
  readonly #progressFile: ProgressFile;
  #identity: Identity;
  #writer: SegmentWriter | null = null;
  #progress: Progress;
  #isSaved = true;
  #failures = 0;

  constructor(state: OutboxState) {
    this.#directory = state.directory;
    this.#maxBytes = state.maxBytes;
    this.#log = state.log;
    this.#settle = state.settle;
    this.#identity = state.identity;
    this.#progressFile = state.progressFile;
    this.#progress = state.progress;
    this.#cursors = new Map(state.cursors);
    this.#segments = new SegmentQueue(state.segments, state.log, (events) => this.countLost(events));
    this.#segments.forget(this.#progress.done);
  }

  get agentId(): string {
    return this.#identity.agentId;
  }
  get streamId(): string {
    return this.#identity.streamId;
  }
  /** Events that wait for an acknowledgement. */
  get depth(): number {
    return this.#segments.depth(this.#progress.done);
  }
  /** Events dropped or found damaged since the stream began. */
  get lost(): number {
    return this.#progress.lost;
  }
  /** Reports that were never sent, since the stream began. */
  get reportsDropped(): number {
    return this.#progress.reportsDropped;
  }
  /** Batches that could not be stored (a full disk). */
  get failures(): number {
    return this.#failures;
  }
  get bytes(): number {
    return this.#segments.bytes;
  }
  /** The highest number in use; acknowledgements above it are not about this outbox. */
  get lastSeq(): number {
    return this.#progress.next - 1;
  }

  /** Where a source stood in its newest event, or null when it never had one here. */
  cursor(source: string): string | null {
    return this.#cursors.get(source) ?? null;
  }

  /** All or nothing. The number of the last event once all are durable; null when nothing was stored: try again later. */
  append(events: readonly NewEvent[]): number | null {
    if (events.length === 0) return this.lastSeq;
    const { next } = this.#progress;
    const seqs = events.map((_event, index) => next + index);
    const lines = events.map((event, index) => encodeLine({ seq: next + index, ...bounded(event) }));
    try {
      this.#settle();
      this.#write(Buffer.concat(lines), seqs);
    } catch (error) {
      this.#failures += 1;
      this.#log.error('events could not be stored; they are kept in memory and tried again', {
        directory: this.#directory,
        reason: errorText(error),
        events: events.length,
      });
      return null;
    }
    this.#progress = { ...this.#progress, next: next + events.length };
    for (const { cursor } of events) if (cursor !== undefined) this.#cursors.set(cursor.source, cursor.position);
    return this.lastSeq;
  }

  /** Oldest first, those above `afterSeq` that are not acknowledged. At least one if there is one, whatever its size. */
  pending(afterSeq: number, max: Bounds): readonly AgentEvent[] {
    return this.#segments.pending(Math.max(afterSeq, this.#progress.done), max);
  }

  /** Everything up to and including `seq` is committed elsewhere. */
  ack(seq: number): void {
    const done = Math.min(seq, this.lastSeq);
    if (done > this.#progress.done) this.#record({ done });
    else if (!this.#isSaved) this.#record({});
    this.#segments.forget(this.#progress.done);
  }

  /** Events that the aggregator will never take, or that were found gone: acknowledged with the others, and counted. */
  countLost(events: number): void {
    this.#record({ lost: this.#progress.lost + events });
  }

  /** One that was never sent: overtaken by a newer one, or too large. */
  countDroppedReport(): void {
    this.#record({ reportsDropped: this.#progress.reportsDropped + 1 });
  }

  /**
   * The aggregator knows numbers of this stream that we never gave: the folder is an older copy of itself. Under a new
   * stream nothing new is taken for a repetition; what waits may arrive twice, which is better than not at all.
   */
  renewStream(streamId: string): void {
    const identity = { ...this.#identity, streamId };
    saveIdentity(this.#directory, identity);
    this.#identity = identity;
  }

  close(): void {
    this.#closeWriter();
    this.#progressFile.close();
  }

  #write(content: Buffer, seqs: readonly number[]): void {
    const active = this.#writable(content.length);
    if (active !== null) {
      active.writer.append(content);
      active.segment.bytes += content.length;
      active.segment.seqs = [...active.segment.seqs, ...seqs];
      return;
    }
    const { next, done } = this.#progress;
    const path = segmentPath(this.#directory, next);
    const cursors = [...this.#cursors].map(([source, position]) => ({ source, position }));
    const whole = Buffer.concat([encodeLine({ v: 1, first: next, cursors }), content]);
    const writer = SegmentWriter.create(path, whole);
    this.#closeWriter();
    this.#writer = writer;
    this.#segments.push({ path, first: next, seqs, bytes: whole.length });
    this.#segments.forget(done);
  }

  /** The newest segment, with room made in the outbox; null when another one has to be begun. */
  #writable(bytes: number): { readonly segment: Segment; readonly writer: SegmentWriter } | null {
    this.#makeRoom(bytes);
    const segment = this.#segments.newest;
    if (segment === undefined) return null;
    if (segment.seqs.length > 0 && segment.bytes + bytes > this.#maxBytes / SEGMENTS) return null;
    if (this.#writer?.path !== segment.path) this.#closeWriter();
    this.#writer ??= SegmentWriter.reopen(segment.path, segment.bytes);
    if (!this.#writer.isGone) return { segment, writer: this.#writer };
    this.#closeWriter();
    this.#segments.giveUp(segment, this.#progress.done, 'its file was removed');
    return null;
  }

  /** Counted first, and durably: what cannot be counted is not dropped, and the append waits. */
  #makeRoom(bytes: number): void {
    while (this.#segments.length > 1 && this.#segments.bytes + bytes > this.#maxBytes) {
      const seqs = this.#segments.oldest?.seqs ?? [];
      const { done, lost } = this.#progress;
      const dropped = waiting(seqs, done);
      const progress = { ...this.#progress, lost: lost + dropped, done: Math.max(done, seqs.at(-1) ?? 0) };
      this.#progressFile.save(progress);
      this.#progress = progress;
      this.#isSaved = true;
      const { lost: total } = progress;
      this.#log.warn('outbox is full: oldest events dropped', { dropped, lost: total, maxBytes: this.#maxBytes });
      this.#segments.forget(progress.done);
    }
  }

  #closeWriter(): void {
    this.#writer?.close();
    this.#writer = null;
  }

  #record(change: Partial<Progress>): void {
    this.#progress = { ...this.#progress, ...change };
    try {
      this.#progressFile.save(this.#progress);
      this.#isSaved = true;
    } catch (error) {
      // Older progress is valid: events are sent again, and the store knows them. Saved with the next change.
      this.#isSaved = false;
      this.#log.warn('outbox progress could not be saved', { reason: errorText(error) });
    }
  }
}

/** No body of ours comes near the bound; one that does loses its body, and says so, rather than block the queue. */
function bounded(event: NewEvent): NewEvent {
  const bytes = Buffer.byteLength(JSON.stringify(event.body));
  return bytes <= EVENT_BODY_MAX_BYTES ? event : { ...event, body: { droppedBodyBytes: bytes } };
}
