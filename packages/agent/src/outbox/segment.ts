/**
 * One file of the outbox: a header line, then a line an event, each `<CRC-32 of the rest, 8 hex digits> <JSON>`. JSON has no
 * raw line feed, so after damage the next line feed is the next record, and a person can read the file with `cut -c10-`.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { AgentEvent } from '@trivet/shared/protocol/messages.ts';

/** How far one source had been read when this was written: the newest one of a source is where to go on. */
export interface Cursor {
  readonly source: string;
  readonly position: string;
}

export interface StoredEvent extends AgentEvent {
  readonly cursor?: Cursor;
}

export interface SegmentHeader {
  readonly v: 1;
  /** No event here has a lower number. */
  readonly first: number;
  /** The newest cursor of every source, so that older segments may go. */
  readonly cursors: readonly Cursor[];
}

export interface SegmentContent {
  /** Null when its line is damaged. */
  readonly header: SegmentHeader | null;
  readonly events: readonly StoredEvent[];
  readonly bytes: number;
  /** Bytes of lines that do not check out. */
  readonly damagedBytes: number;
  /** How many events they held, at most. The rest of a write that was cut short has no line feed and was never durable. */
  readonly lostEvents: number;
  /** Damage after the last good event: numbers above it may have been in use. */
  readonly damagedTailBytes: number;
}

const CRC_LENGTH = 9;
/** `crc {"seq":1,"kind":"k","at":"2026-11-20T17:00:00.000Z","body":{}}`: no record is shorter. */
export const RECORD_MIN_BYTES = 60;

export function encodeLine(value: SegmentHeader | StoredEvent): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const crc = crc32(json).toString(16).padStart(8, '0');
  return Buffer.concat([Buffer.from(`${crc} `), json, Buffer.from('\n')]);
}

export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(16, '0')}.log`);
}

/** By number, which their names hold. None where there is no folder. */
export function segmentFiles(directory: string): readonly { readonly path: string; readonly first: number }[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .flatMap((name) => {
      const digits = /^(\d{16})\.log$/.exec(name)?.[1];
      return digits === undefined ? [] : [{ path: join(directory, name), first: Number(digits) }];
    })
    .sort((a, b) => a.first - b.first);
}

/** `first` is the number in its file name. */
export function readSegment(path: string, first: number): SegmentContent {
  return decodeSegment(readFileSync(path), first);
}

function decodeSegment(bytes: Buffer, first: number): SegmentContent {
  let header: SegmentHeader | null = null;
  const events: StoredEvent[] = [];
  let last = first - 1;
  let damagedBytes = 0;
  let lostEvents = 0;
  // Damage since the last good event.
  let stretch = { bytes: 0, lines: 0 };
  for (let start = 0; start < bytes.length;) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed === -1 ? bytes.length : feed + 1;
    const value = feed === -1 ? undefined : decodeLine(bytes.subarray(start, feed));
    if (start === 0 && isHeader(value)) {
      header = value;
    } else if (isStoredEvent(value) && value.seq > last) {
      if (stretch.bytes > 0) lostEvents += Math.max(stretch.lines, value.seq - last - 1);
      stretch = { bytes: 0, lines: 0 };
      events.push(value);
      last = value.seq;
    } else {
      damagedBytes += end - start;
      const lines = feed === -1 || start === 0 ? 0 : recordsIn(bytes.subarray(start, end));
      stretch = { bytes: stretch.bytes + end - start, lines: stretch.lines + lines };
    }
    start = end;
  }
  lostEvents += stretch.lines;
  return { header, events, bytes: bytes.length, damagedBytes, lostEvents, damagedTailBytes: stretch.bytes };
}

/** One, or more where a flipped byte hides the line feed between two. Inside text the quotes would be escaped. */
function recordsIn(line: Buffer): number {
  return Math.max(1, line.toString('latin1').split('{"seq":').length - 1);
}

function decodeLine(line: Buffer): unknown {
  const json = line.subarray(CRC_LENGTH);
  if (crc32(json).toString(16).padStart(8, '0') !== line.toString('latin1', 0, CRC_LENGTH - 1)) return undefined;
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isHeader(value: unknown): value is SegmentHeader {
  return isObject(value) && value['v'] === 1 && Number.isSafeInteger(value['first']) && Array.isArray(value['cursors']);
}

function isStoredEvent(value: unknown): value is StoredEvent {
  return isObject(value) && Number.isSafeInteger(value['seq']) && typeof value['kind'] === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
