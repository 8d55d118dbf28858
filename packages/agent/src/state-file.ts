/**
 * Small durable state as one JSON file: written to a temporary name, synced, renamed, and the folder synced, so that a
 * reader finds the old text or the new one, whatever happens in between. One writer a folder.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Throws what the file system says (ENOSPC, EROFS, …); the old file is then untouched. */
export function writeFileAtomic(path: string, content: string | Buffer): void {
  const temporary = `${path}.tmp`;
  try {
    const fd = openSync(temporary, 'w', 0o600);
    try {
      writeAll(fd, Buffer.from(content), 0);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Undefined when there is no such file; `{ damaged }` when there is one that is not JSON. */
export function readJsonFile(path: string): { readonly value: unknown } | { readonly damaged: string } | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { damaged: error instanceof Error ? error.message : String(error) };
  }
}

/** `write` may take less than it was given. */
export function writeAll(fd: number, bytes: Buffer, position: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}

/** With what it lies in, for nobody but the agent. Node's own recursive mkdir says ENOENT of a read-only disk; this says EROFS. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

/** A full or failing disk, not a wrong path or missing rights: nobody has to change the settings for it to mend. */
export function isDiskRefusing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && REFUSING.some((code) => code === error.code);
}
/** EFBIG: over RLIMIT_FSIZE. */
const REFUSING = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EFBIG'] as const;

/** A new or renamed name is durable once its folder is. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
