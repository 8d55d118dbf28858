/**
 * The segment files that hold waiting events, oldest first, and what is read from them. A segment that can never be read
 * again (removed behind our back, a bad sector) is given up and counted after a while: else it would hold back everything
 * behind it for ever.
 */
import { rmSync } from 'node:fs';
import type { AgentEvent } from '@trivet/shared/protocol/messages.ts';
import { errorText } from '../errors.ts';
import type { Log } from '../log.ts';
import { readSegment } from './segment.ts';

export interface Segment {
  readonly path: string;
  readonly first: number;
  /** Numbers of its events, rising. */
  seqs: readonly number[];
  bytes: number;
}

export interface Bounds {
  readonly events: number;
  readonly bytes: number;
}

/** Reads that fail one after the other until a segment is given up: half a minute at the daemon's four a second. */
const READ_ATTEMPTS = 120;

export class SegmentQueue {
  readonly #segments: Segment[];
  readonly #log: Log;
  readonly #lose: (events: number) => void;
  #failedReads = 0;

  /** `lose` is told of events that were found gone or damaged. */
  constructor(segments: readonly Segment[], log: Log, lose: (events: number) => void) {
    this.#segments = [...segments];
    this.#log = log;
    this.#lose = lose;
  }

  get length(): number {
    return this.#segments.length;
  }
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  get oldest(): Segment | undefined {
    return this.#segments[0];
  }
  /** The one that is appended to. */
  get newest(): Segment | undefined {
    return this.#segments.at(-1);
  }

  depth(done: number): number {
    return this.#segments.reduce((sum, { seqs }) => sum + waiting(seqs, done), 0);
  }

  push(segment: Segment): void {
    this.#segments.push(segment);
  }

  /** Keeps the newest segment: its header and events hold the cursors. */
  forget(done: number): void {
    while (this.#segments.length > 1 && (this.#segments[0]?.seqs.at(-1) ?? 0) <= done) {
      const path = this.#segments.shift()?.path ?? '';
      try {
        rmSync(path, { force: true });
      } catch (error) {
        // It is found, and removed, when the outbox is next opened.
        this.#log.warn('outbox segment could not be removed', { path, reason: errorText(error) });
      }
    }
  }

  /** Oldest first, those above `from`. At least one if there is one, whatever its size. */
  pending(from: number, max: Bounds): readonly AgentEvent[] {
    const events: AgentEvent[] = [];
    let bytes = 0;
    for (const segment of this.#segments.filter(({ seqs }) => (seqs.at(-1) ?? 0) > from)) {
      const stored = this.#read(segment, from);
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

  /** Its file is gone: what waits in it is lost. */
  giveUp(segment: Segment, done: number, reason: string): void {
    const events = waiting(segment.seqs, done);
    this.#log.error('outbox segment is given up', { path: segment.path, reason, events });
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#failedReads = 0;
    if (events > 0) this.#lose(events);
  }

  #read(segment: Segment, from: number): readonly AgentEvent[] | null {
    try {
      const { events } = readSegment(segment.path, segment.first);
      this.#failedReads = 0;
      if (events.length < segment.seqs.length) this.#damaged(segment, events, from);
      return events.map(({ seq, kind, at, body }) => ({ seq, kind, at, body }));
    } catch (error) {
      const reason = errorText(error);
      this.#failedReads = isForGood(error) ? this.#failedReads + 1 : 0;
      this.#log.error('outbox segment cannot be read', { path: segment.path, reason });
      if (this.#failedReads >= READ_ATTEMPTS) this.giveUp(segment, from, reason);
      return null;
    }
  }

  #damaged(segment: Segment, whole: readonly AgentEvent[], from: number): void {
    const left = whole.map(({ seq }) => seq);
    const events = waiting(segment.seqs, from) - waiting(left, from);
    this.#log.error('outbox segment was damaged on disk', { path: segment.path, events });
    segment.seqs = left;
    if (events > 0) this.#lose(events);
  }
}

/** Not where the process is only short of something, file descriptors for one. */
function isForGood(error: unknown): boolean {
  return error instanceof Error && 'code' in error && GONE.some((code) => code === error.code);
}
const GONE = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO', 'EUCLEAN', 'EBADMSG'] as const;

export function waiting(seqs: readonly number[], done: number): number {
  return (seqs[0] ?? 0) > done ? seqs.length : seqs.filter((seq) => seq > done).length;
}
