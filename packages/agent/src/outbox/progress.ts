/**
 * How far the outbox is, and what it has lost: one small file that is overwritten in place. Two slots of one block each are
 * written in turn, each with its own check sum and running number: a write that is cut short spoils one of them, and the
 * other is what was true before. A full disk can still take it, because its blocks are its own already: the count of what
 * a full disk has cost must not be lost to the full disk. (File systems that never overwrite, btrfs and ZFS, may refuse it
 * all the same; then nothing is dropped, because nothing is dropped before it is counted.)
 */
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { writeAll, writeFileAtomic } from '../state-file.ts';

/** It may be older than the segments, never newer. */
export interface Progress {
  /** Everything up to it is acknowledged, or was dropped and counted. */
  readonly done: number;
  /** Events dropped or found damaged. */
  readonly lost: number;
  /** Reports that were never sent: overtaken, or too large. */
  readonly reportsDropped: number;
  /** No lower number may be given to an event. */
  readonly next: number;
}

export const NO_PROGRESS: Progress = { done: 0, lost: 0, reportsDropped: 0, next: 1 };

/** A block of today's file systems and a page: what one write touches, the other slot does not share. */
const SLOT_BYTES = 4096;
const SLOTS = 2;
const CRC_LENGTH = 9;

interface Slot {
  readonly written: number;
  readonly progress: Progress;
}

export class ProgressFile {
  readonly #path: string;
  #fd: number | null = null;
  /** Running number of the newest slot. */
  #written: number;

  private constructor(path: string, written: number) {
    this.#path = path;
    this.#written = written;
  }

  /** `progress` null: there was no such file; `damaged`: neither slot checks out. Throws when it cannot be read. */
  static open(path: string): { readonly file: ProgressFile; readonly progress: Progress | 'damaged' | null } {
    const bytes = read(path);
    if (bytes === null) return { file: new ProgressFile(path, 0), progress: null };
    const slots = [0, 1].flatMap((index) => decodeSlot(bytes.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES)));
    const newest = slots.sort((a, b) => b.written - a.written)[0];
    const file = new ProgressFile(path, newest?.written ?? 0);
    return { file, progress: newest?.progress ?? 'damaged' };
  }

  /** Durable when it returns. Throws what the file system says; what was saved before is then still there. */
  save(progress: Progress): void {
    // After a failure the same slot again: the other one is the last that is whole.
    const written = this.#written + 1;
    const slot = encodeSlot({ written, progress });
    try {
      const fd = this.#reopened() ?? this.#made(slot);
      writeAll(fd, slot, (written % SLOTS) * SLOT_BYTES);
      fsyncSync(fd);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#written = written;
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = null;
    if (fd === null) return;
    try {
      closeSync(fd);
    } catch {
      // What was saved is synced; there is nothing that a failing close could still tell.
    }
  }

  /** Null when the file is not there, or not whole. */
  #reopened(): number | null {
    if (this.#fd !== null && fstatSync(this.#fd).nlink === 0) this.close();
    if (this.#fd === null) {
      try {
        this.#fd = openSync(this.#path, 'r+');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      }
    }
    if (fstatSync(this.#fd).size === SLOTS * SLOT_BYTES) return this.#fd;
    this.close();
    return null;
  }

  #made(slot: Buffer): number {
    writeFileAtomic(this.#path, Buffer.concat(Array.from({ length: SLOTS }, () => slot)));
    this.#fd = openSync(this.#path, 'r+');
    return this.#fd;
  }
}

function read(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** A line as in a segment, filled up with blank lines: the blocks have to be written once to be there. */
function encodeSlot({ written, progress }: Slot): Buffer {
  const json = JSON.stringify({ v: 1, written, ...progress });
  const line = `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
  return Buffer.from(line.padEnd(SLOT_BYTES, '\n'));
}

function decodeSlot(bytes: Buffer): readonly Slot[] {
  const line = bytes.subarray(0, bytes.indexOf(0x0a));
  const json = line.subarray(CRC_LENGTH);
  if (crc32(json).toString(16).padStart(8, '0') !== line.toString('latin1', 0, CRC_LENGTH - 1)) return [];
  const value: unknown = parse(json.toString('utf8'));
  if (!isRecord(value)) return [];
  const { written, done, lost, reportsDropped, next } = value;
  const isWhole = isCount(written) && isCount(done) && isCount(lost) && isCount(reportsDropped) && isCount(next);
  return isWhole ? [{ written, progress: { done, lost, reportsDropped, next } }] : [];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
