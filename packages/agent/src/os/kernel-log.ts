/**
 * Where kernel messages are read: /dev/kmsg, one record a read, or a log file, one row a line. Both answer at once with what
 * is there. /dev/kmsg is opened without blocking and read in bounded turns: a blocking read (a stream, a FileHandle)
 * would park one of the few libuv threads for ever and keep the process from ending.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';

export interface KernelLogTurn {
  /** Raw records, or rows of a file. */
  readonly lines: readonly string[];
  /** Of a file: where each row begins, in bytes. */
  readonly starts: readonly number[];
  /** How often the ring had overwritten records that were not read yet. */
  readonly overruns: number;
  /** The turn's bound was reached: there is more to read. */
  readonly more: boolean;
}

export interface KernelLogReader {
  /** Records have sequence numbers; a file has a position in bytes. */
  readonly kind: 'device' | 'file';
  /** Throws the system's error when the log cannot be read any more. */
  read(): KernelLogTurn;
  /** Bytes of whole lines that were read, for a file; 0 for the device. */
  position(): number;
  close(): void;
}

export interface KernelLogIo {
  readonly open: (path: string, flags: number) => number;
  readonly stat: (fd: number) => { size: number; ino: number; isFile(): boolean; isCharacterDevice(): boolean };
  /** Of the file that has this name now; null when there is none. */
  readonly inode: (path: string) => number | null;
  readonly read: (fd: number, buffer: Buffer, length: number, position: number | null) => number;
  readonly close: (fd: number) => void;
}

export const MACHINE: KernelLogIo = {
  open: openSync,
  stat: (fd) => fstatSync(fd),
  inode: (path) => statSync(path, { throwIfNoEntry: false })?.ino ?? null,
  read: (fd, buffer, length, position) => readSync(fd, buffer, 0, length, position),
  close: closeSync,
};

/** A turn takes about 30 ms at 7 µs a record (measured), so that the event loop goes on. */
const LINES_MAX = 4096;
/** The largest record of today's kernels with its header (PRINTK_MESSAGE_MAX). */
const BUFFER_BYTES = 8 * 1024;
const BUFFER_BYTES_MAX = 64 * 1024;
/** Reads a turn that bring nothing (EPIPE, EINVAL, EINTR) before it gives up until the next. */
const FAILURES_MAX = 16;
const FILE_CHUNK_BYTES = 256 * 1024;
/** A longer row is not the kernel's; it is dropped whole, so that no cut one is taken for another message. */
const ROW_CHARACTERS_MAX = 16 * 1024;
const LF = 0x0a;

export interface KernelLogPlace {
  readonly path: string;
  /** Where a file was left. */
  readonly position: number;
  /** Whether more will come: then a last row without a newline is half a row, else it is a row. */
  readonly follow: boolean;
}

/** Throws the system's error when the path cannot be opened. */
export function openKernelLog(place: KernelLogPlace, io: KernelLogIo = MACHINE): KernelLogReader {
  // O_NONBLOCK also keeps the open of a FIFO from waiting for a writer.
  const fd = io.open(place.path, OPEN_FLAGS);
  const stat = io.stat(fd);
  if (stat.isCharacterDevice()) return new DeviceReader(fd, io);
  if (stat.isFile()) return new FileReader(fd, place, io);
  io.close(fd);
  throw new Error('neither a kernel log device nor a regular file: save the log to a file first');
}
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

class DeviceReader implements KernelLogReader {
  readonly kind = 'device';
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  readonly #fd: number;
  readonly #io: KernelLogIo;

  constructor(fd: number, io: KernelLogIo) {
    this.#fd = fd;
    this.#io = io;
  }

  read(): KernelLogTurn {
    const lines: string[] = [];
    let overruns = 0;
    let failures = 0;
    while (lines.length < LINES_MAX && failures < FAILURES_MAX) {
      try {
        const length = this.#io.read(this.#fd, this.#buffer, this.#buffer.length, null);
        // A kernel log has no end, only no more for now: taken for one, /dev/null would be a node without any fault.
        if (length === 0) throw new Error('it has an end, which no kernel log has (is it /dev/null?)');
        lines.push(this.#buffer.toString('latin1', 0, length));
      } catch (error) {
        const code = errorCode(error);
        if (code === 'EAGAIN') return { lines, starts: [], overruns, more: false };
        failures += 1;
        if (code === 'EPIPE') overruns += 1;
        else if (code === 'EINVAL' && this.#grow()) continue;
        else if (code !== 'EINTR') throw error;
      }
    }
    return { lines, starts: [], overruns, more: true };
  }

  /** The record that did not fit is gone (the kernel has moved on): the gap in sequence numbers shows it. */
  #grow(): boolean {
    if (this.#buffer.length >= BUFFER_BYTES_MAX) return false;
    this.#buffer = Buffer.allocUnsafe(this.#buffer.length * 2);
    return true;
  }

  position(): number {
    return 0;
  }

  close(): void {
    this.#io.close(this.#fd);
  }
}

class FileReader implements KernelLogReader {
  readonly kind = 'file';
  readonly #buffer = Buffer.allocUnsafe(FILE_CHUNK_BYTES);
  readonly #place: KernelLogPlace;
  readonly #io: KernelLogIo;
  #fd: number;
  #position: number;
  /** In the middle of a row that is too long. */
  #skipping = false;

  constructor(fd: number, place: KernelLogPlace, io: KernelLogIo) {
    this.#fd = fd;
    this.#place = place;
    this.#io = io;
    this.#position = place.position;
  }

  read(): KernelLogTurn {
    const { size, ino } = this.#io.stat(this.#fd);
    // Cut, or written anew: from the start.
    if (size < this.#position) this.#position = 0;
    const length = this.#io.read(this.#fd, this.#buffer, this.#buffer.length, this.#position);
    if (length === 0) return { lines: [], starts: [], overruns: 0, more: this.#reopenIfRotated(ino) };
    const isEnd = this.#position + length >= size;
    const taken = this.#wholeRows(length, isEnd);
    const rows = this.#rows(taken);
    this.#position += taken;
    this.#skipping = taken > 0 && this.#buffer[taken - 1] !== LF && !isEnd;
    return { ...rows, overruns: 0, more: taken > 0 && !isEnd };
  }

  /** Of the first bytes of the buffer, without empty ones and those that are too long. */
  #rows(length: number): Pick<KernelLogTurn, 'lines' | 'starts'> {
    const lines: string[] = [];
    const starts: number[] = [];
    const bytes = this.#buffer.subarray(0, length);
    let skipped = !this.#skipping;
    for (let start = 0; start < length;) {
      const feed = bytes.indexOf(LF, start);
      const end = feed === -1 ? length : feed;
      const row = bytes.toString('utf8', start, end);
      if (skipped && row.trim() !== '' && row.length <= ROW_CHARACTERS_MAX) {
        lines.push(row);
        starts.push(this.#position + start);
      }
      skipped = true;
      start = end + 1;
    }
    return { lines, starts };
  }

  /** How many bytes of the buffer are whole rows; all of them when one row fills it, which is then skipped. */
  #wholeRows(length: number, isEnd: boolean): number {
    if (isEnd && !this.#place.follow) return length;
    const end = this.#buffer.lastIndexOf(LF, length - 1) + 1;
    return end === 0 && length === this.#buffer.length ? length : end;
  }

  /** Rotated: what had the name has been read to its end, and another file has it now. */
  #reopenIfRotated(ino: number): boolean {
    const now = this.#io.inode(this.#place.path);
    if (now === null || now === ino) return false;
    const fd = this.#io.open(this.#place.path, OPEN_FLAGS);
    this.#io.close(this.#fd);
    this.#fd = fd;
    this.#position = 0;
    this.#skipping = false;
    return true;
  }

  position(): number {
    return this.#position;
  }

  close(): void {
    this.#io.close(this.#fd);
  }
}
