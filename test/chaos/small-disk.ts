/**
 * A folder whose disk can be made full. As root a small tmpfs of its own: real ENOSPC, which leaves what is written already
 * and takes overwriting in place. Without root the process's file size limit (`prlimit --fsize`), under which no write to
 * any file succeeds: EFBIG. Neither can be had: null, and whoever asked says what it does not test.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface SmallDisk {
  /** For the name of a test. */
  readonly kind: string;
  /**
   * For a process that runs already, or null. `left`: about so many bytes stay free, where the kind of disk can do that: then
   * a short write succeeds after a long one was refused.
   */
  fill(pid: number | null, left?: number): void;
  free(pid: number | null): void;
  /** How a process has to be started so that the disk is as full for it as it is now. */
  started(command: readonly string[]): readonly string[];
  remove(): void;
}

/** Some segments, a state file and its copy; a run's ballast fills the rest. */
const TMPFS_BYTES = 16 * 1024 * 1024;
const BLOCK = Buffer.alloc(4096, 'x');
const BALLAST = 'ballast';

/** `path` is made. */
export function smallDisk(path: string): SmallDisk | null {
  mkdirSync(path, { recursive: true });
  return tmpfs(path) ?? fileSizeLimit();
}

function tmpfs(path: string): SmallDisk | null {
  if (process.getuid?.() !== 0) return null;
  const options = ['-t', 'tmpfs', '-o', `size=${TMPFS_BYTES},mode=700`];
  if (spawnSync('mount', [...options, 'trivet-chaos', path]).status !== 0) return null;
  const ballast = join(path, BALLAST);
  return {
    kind: 'tmpfs',
    fill: (_pid, left = 0) => writeUntilFull(ballast, left),
    free: () => rmSync(ballast, { force: true }),
    started: (command) => command,
    // Lazy: a process that is about to end may still have a file open.
    remove: () => void spawnSync('umount', ['--lazy', path]),
  };
}

function writeUntilFull(path: string, left: number): void {
  const fd = openSync(path, 'a');
  try {
    for (let written = 0; written < TMPFS_BYTES; written += BLOCK.length) writeSync(fd, BLOCK);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    ftruncateSync(fd, Math.max(0, fstatSync(fd).size - left));
    closeSync(fd);
  }
}

export function fileSizeLimit(): SmallDisk | null {
  if (spawnSync('prlimit', ['--version']).status !== 0) return null;
  let isFull = false;
  const limit = (pid: number | null, soft: string) => {
    if (pid !== null) execFileSync('prlimit', ['--pid', String(pid), `--fsize=${soft}:`]);
  };
  return {
    kind: 'file size limit',
    fill: (pid) => {
      isFull = true;
      limit(pid, '0');
    },
    free: (pid) => {
      isFull = false;
      limit(pid, 'unlimited');
    },
    started: (command) => (isFull ? ['prlimit', '--fsize=0:', ...command] : command),
    remove: () => undefined,
  };
}
