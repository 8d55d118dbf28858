/** The one segment that is being written. What `append` returned from is durable; what it threw for is not in the file. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder, syncDirectory, writeAll } from '../state-file.ts';

export class SegmentWriter {
  readonly path: string;
  readonly #fd: number;
  #bytes: number;
  /** What a failed append has left could not be taken back. */
  #hasRest = false;

  private constructor(path: string, fd: number, bytes: number) {
    this.path = path;
    this.#fd = fd;
    this.#bytes = bytes;
  }

  /**
   * A new file with its first content. Throws what the file system says, and then there is no such file: or, where it
   * cannot be removed either, one that the next attempt writes over.
   */
  static create(path: string, content: Buffer): SegmentWriter {
    // It may have been removed behind our back, with all that was in it.
    makeFolder(dirname(path));
    const writer = new SegmentWriter(path, openSync(path, 'w', 0o600), 0);
    try {
      writer.append(content);
      syncDirectory(dirname(path));
      return writer;
    } catch (error) {
      writer.close();
      rmSync(path, { force: true });
      throw error;
    }
  }

  static reopen(path: string, bytes: number): SegmentWriter {
    return new SegmentWriter(path, openSync(path, 'r+'), bytes);
  }

  /** Removed behind our back: what is written now could be read by nobody. */
  get isGone(): boolean {
    return fstatSync(this.#fd).nlink === 0;
  }

  append(content: Buffer): void {
    // Never write over a rest: records of it that stay whole behind a shorter content would be taken for events.
    if (this.#hasRest) this.#takeBack();
    try {
      writeAll(this.#fd, content, this.#bytes);
      fsyncSync(this.#fd);
    } catch (error) {
      this.#hasRest = true;
      try {
        this.#takeBack();
      } catch {
        // Tried again before the next write; the error to tell is the first one.
      }
      throw error;
    }
    this.#bytes += content.length;
  }

  #takeBack(): void {
    ftruncateSync(this.#fd, this.#bytes);
    this.#hasRest = false;
  }

  close(): void {
    try {
      closeSync(this.#fd);
    } catch {
      // What `append` returned from is synced; there is nothing that a failing close could still tell.
    }
  }
}
