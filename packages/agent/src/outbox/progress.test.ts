import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProgressFile } from './progress.ts';
import type { Progress } from './progress.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'trivet-progress-'));
  path = join(directory, 'progress');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function at(done: number): Progress {
  return { done, lost: 2, reportsDropped: 3, next: done + 1 };
}
function saved(...done: readonly number[]): void {
  const { file } = ProgressFile.open(path);
  for (const number of done) file.save(at(number));
  file.close();
}
function read(): number | string | null {
  const { progress } = ProgressFile.open(path);
  return progress === null || progress === 'damaged' ? progress : progress.done;
}

it('gives back what was saved last, and null before anything was', () => {
  expect(read()).toBeNull();
  saved(1, 2, 3);
  expect(ProgressFile.open(path).progress).toEqual(at(3));
  saved(4);
  saved(5, 6);
  expect(read()).toBe(6);
});

it('never grows and is never another file: a full disk has room for it', () => {
  saved(1);
  const { ino, size } = statSync(path);
  saved(2, 3, 4);
  expect(statSync(path)).toMatchObject({ ino, size });
});

it('is what was true before when the last write was cut at any byte', () => {
  saved(1, 2, 3);
  const before = readFileSync(path);
  saved(4);
  const after = readFileSync(path);
  const first = before.findIndex((byte, index) => byte !== after[index]);
  const last = before.findLastIndex((byte, index) => byte !== after[index]);
  expect(last).toBeGreaterThan(first);
  for (let cut = first + 1; cut <= last; cut++) {
    writeFileSync(path, Buffer.concat([after.subarray(0, cut), before.subarray(cut)]));
    expect(read()).toBe(3);
    saved(5);
    expect(read()).toBe(5);
  }
});

it('says that it is damaged when nothing checks out, and can be saved again', () => {
  saved(1, 2);
  for (const text of ['', '{"v":1,', 'x'.repeat(8192)]) {
    writeFileSync(path, text);
    expect(read()).toBe('damaged');
    saved(7);
    expect(read()).toBe(7);
  }
  truncateSync(path, 4096);
  saved(8);
  expect(read()).toBe(8);
});

it('throws when it cannot be saved, keeps what it had, and is saved later', () => {
  const { file } = ProgressFile.open(path);
  mkdirSync(path);
  expect(() => file.save(at(1))).toThrow(/EISDIR/);
  rmdirSync(path);
  file.save(at(2));
  expect(read()).toBe(2);
  file.close();
});

it('is made anew when somebody removes it', () => {
  const { file } = ProgressFile.open(path);
  file.save(at(1));
  rmSync(path);
  file.save(at(2));
  file.close();
  expect(existsSync(path)).toBe(true);
  expect(read()).toBe(2);
});
