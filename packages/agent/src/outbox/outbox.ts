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
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_BODY_MAX_BYTES } from '@trivet/shared/protocol/limits.ts';
import type { AgentEvent } from '@trivet/shared/protocol/messages.ts';
import { errorText } from '../errors.ts';
import type { Log } from '../log.ts';
import { writeFileAtomic } from '../state-file.ts';
import { saveIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { SegmentWriter } from './segment-writer.ts';
import { encodeLine, readSegment } from './segment.ts';
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

export interface Segment {
  readonly path: string;
  readonly first: number;
  /** Numbers of its events, rising. */
  seqs: readonly number[];
  bytes: number;
}

/** What `progress.json` holds. It may be older than the segments, never newer. */
export interface Progress {
  /** Everything up to it is acknowledged, or was dropped and counted. */
  readonly done: number;
  readonly lost: number;
  /** No lower number may be given to an event. */
  readonly next: number;
}

/** What was found on disk; `open.ts` makes it. */
export interface OutboxState {
  readonly directory: string;
  readonly maxBytes: number;
  readonly log: Log;
  readonly identity: Identity;
  readonly segments: readonly Segment[];
  readonly progress: Progress;
  readonly cursors: ReadonlyMap<string, string>;
}

export class Outbox {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #log: Log;
  readonly #cursors: Map<string, string>;
  readonly #segments: Segment[];
  #identity: Identity;
  #writer: SegmentWriter | null = null;
  #done: number;
  #next: number;
  #lost: number;
  #failures = 0;

  constructor(state: OutboxState) {
    this.#directory = state.directory;
    this.#maxBytes = state.maxBytes;
    this.#log = state.log;
    this.#identity = state.identity;
    this.#segments = [...state.segments];
    this.#cursors = new Map(state.cursors);
    this.#done = state.progress.done;
    this.#next = state.progress.next;
    this.#lost = state.progress.lost;
    this.#forgetDone();
  }

  get agentId(): string {
    return this.#identity.agentId;
  }
  get streamId(): string {
    return this.#identity.streamId;
  }
  /** Events that wait for an acknowledgement. */
  get depth(): number {
    return this.#segments.reduce((sum, { seqs }) => sum + waiting(seqs, this.#done), 0);
  }
  /** Events dropped or found damaged since the stream began. */
  get lost(): number {
    return this.#lost;
  }
  /** Batches that could not be stored (a full disk). */
  get failures(): number {
    return this.#failures;
  }
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  /** The highest number in use; acknowledgements above it are not about this outbox. */
  get lastSeq(): number {
    return this.#next - 1;
  }

  /** Where a source stood in its newest event, or null when it never had one here. */
  cursor(source: string): string | null {
    return this.#cursors.get(source) ?? null;
  }

  /** All or nothing. The number of the last event once all are durable; null when nothing was stored: try again later. */
  append(events: readonly NewEvent[]): number | null {
    if (events.length === 0) return this.lastSeq;
    const seqs = events.map((_event, index) => this.#next + index);
    const lines = events.map((event, index) => encodeLine({ seq: this.#next + index, ...bounded(event) }));
    try {
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
    this.#next += events.length;
    for (const { cursor } of events) if (cursor !== undefined) this.#cursors.set(cursor.source, cursor.position);
    return this.lastSeq;
  }

  /** Oldest first, those above `afterSeq` that are not acknowledged. At least one if there is one, whatever its size. */
  pending(afterSeq: number, max: { readonly events: number; readonly bytes: number }): readonly AgentEvent[] {
    const from = Math.max(afterSeq, this.#done);
    const events: AgentEvent[] = [];
    let bytes = 0;
    for (const segment of this.#segments) {
      if ((segment.seqs.at(-1) ?? 0) <= from) continue;
      const stored = this.#read(segment);
      // Going on behind a segment that cannot be read now would let an acknowledgement pass over it.
      if (stored === null) return events;
      for (const event of stored) {
        if (event.seq <= from) continue;
        bytes += Buffer.byteLength(JSON.stringify(event));
        if (events.length > 0 && (events.length >= max.events || bytes > max.bytes)) return events;
        events.push(event);
      }
    }
    return events;
  }

  /** Everything up to and including `seq` is committed elsewhere. */
  ack(seq: number): void {
    const upTo = Math.min(seq, this.lastSeq);
    if (upTo <= this.#done) return;
    this.#done = upTo;
    this.#saveProgress();
    this.#forgetDone();
  }

  /** One event that the aggregator will never take: it is acknowledged with the others, and counted. */
  countLost(events: number): void {
    this.#lost += events;
    this.#saveProgress();
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
    this.#writer?.close();
    this.#writer = null;
  }

  #write(content: Buffer, seqs: readonly number[]): void {
    this.#makeRoom(content.length);
    const active = this.#segments.at(-1);
    const fits = active?.seqs.length === 0 || (active?.bytes ?? 0) + content.length <= this.#maxBytes / SEGMENTS;
    if (active !== undefined && fits) {
      this.#writer ??= SegmentWriter.reopen(active.path, active.bytes);
      this.#writer.append(content);
      active.bytes += content.length;
      active.seqs = [...active.seqs, ...seqs];
      return;
    }
    const path = segmentPath(this.#directory, this.#next);
    const cursors = [...this.#cursors].map(([source, position]) => ({ source, position }));
    const whole = Buffer.concat([encodeLine({ v: 1, first: this.#next, cursors }), content]);
    const writer = SegmentWriter.create(path, whole);
    this.#writer?.close();
    this.#writer = writer;
    this.#segments.push({ path, first: this.#next, seqs, bytes: whole.length });
    this.#forgetDone();
  }

  #makeRoom(bytes: number): void {
    while (this.#segments.length > 1 && this.bytes + bytes > this.#maxBytes) {
      const oldest = this.#segments[0];
      const dropped = waiting(oldest?.seqs ?? [], this.#done);
      this.#lost += dropped;
      this.#done = Math.max(this.#done, oldest?.seqs.at(-1) ?? 0);
      this.#log.warn('outbox is full: oldest events dropped', { dropped, lost: this.#lost, maxBytes: this.#maxBytes });
      this.#saveProgress();
      this.#forgetDone();
    }
  }

  /** Keeps the newest segment: its header and events hold the cursors. */
  #forgetDone(): void {
    while (this.#segments.length > 1 && (this.#segments[0]?.seqs.at(-1) ?? 0) <= this.#done) {
      const path = this.#segments.shift()?.path ?? '';
      try {
        rmSync(path, { force: true });
      } catch (error) {
        // It is found, and removed, when the outbox is next opened.
        this.#log.warn('outbox segment could not be removed', { path, reason: errorText(error) });
      }
    }
  }

  #read(segment: Segment): readonly AgentEvent[] | null {
    try {
      const { events } = readSegment(segment.path, segment.first);
      const missing = segment.seqs.length - events.length;
      if (missing > 0) {
        this.#lost += missing;
        this.#log.error('outbox segment was damaged on disk', { path: segment.path, events: missing });
        segment.seqs = events.map(({ seq }) => seq);
        this.#saveProgress();
      }
      return events.map(({ seq, kind, at, body }) => ({ seq, kind, at, body }));
    } catch (error) {
      this.#log.error('outbox segment cannot be read', { path: segment.path, reason: errorText(error) });
      return null;
    }
  }

  #saveProgress(): void {
    try {
      saveProgress(this.#directory, { done: this.#done, lost: this.#lost, next: this.#next });
    } catch (error) {
      // Older progress is valid: events are sent again, and the store knows them.
      this.#log.warn('outbox progress could not be saved', { reason: errorText(error) });
    }
  }
}

function waiting(seqs: readonly number[], done: number): number {
  return (seqs[0] ?? 0) > done ? seqs.length : seqs.filter((seq) => seq > done).length;
}

export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(16, '0')}.log`);
}

export function saveProgress(directory: string, { done, lost, next }: Progress): void {
  writeFileAtomic(
    join(directory, 'progress.json'),
    `${JSON.stringify({ v: 1, done, lost, next })}
`,
  );
}

/** No body of ours comes near the bound; one that does loses its body, and says so, rather than block the queue. */
function bounded(event: NewEvent): NewEvent {
  const bytes = Buffer.byteLength(JSON.stringify(event.body));
  return bytes <= EVENT_BODY_MAX_BYTES ? event : { ...event, body: { droppedBodyBytes: bytes } };
}
