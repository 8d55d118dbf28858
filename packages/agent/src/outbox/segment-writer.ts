/** The one segment that is being written. What `append` returned from is durable; what it threw for is not in the file. */
import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory, writeAll } from '../state-file.ts';

export class SegmentWriter {
  readonly #fd: number;
  #bytes: number;

  private constructor(fd: number, bytes: number) {
    this.#fd = fd;
    this.#bytes = bytes;
  }

  /** A new file with its first content. Throws what the file system says, and then there is no such file. */
  static create(path: string, content: Buffer): SegmentWriter {
    const writer = new SegmentWriter(openSync(path, 'wx', 0o600), 0);
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
    return new SegmentWriter(openSync(path, 'r+'), bytes);
  }

  append(content: Buffer): void {
    try {
      writeAll(this.#fd, content, this.#bytes);
      fsyncSync(this.#fd);
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += content.length;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
