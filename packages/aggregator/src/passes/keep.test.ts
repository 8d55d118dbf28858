import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { passKeeper } from './keep.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trivet-keep-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const id = (minute: number) => `20261120T17${String(minute).padStart(2, '0')}00000Z`;

function makePass(minute: number): void {
  mkdirSync(join(folder, id(minute), 'sets'), { recursive: true });
  writeFileSync(join(folder, id(minute), 'sets', 'all'), 'x'.repeat(100));
}

function makePasses(count: number): void {
  for (let minute = 1; minute <= count; minute += 1) makePass(minute);
}

it('keeps the newest, up to the count, and nothing of what is not a pass', async () => {
  makePasses(6);
  symlinkSync(id(6), join(folder, 'latest'));
  mkdirSync(join(folder, 'notes'));
  const tidy = passKeeper(folder, { passesMax: 4, passBytesMax: 1e9 });
  expect(await tidy()).toBe(2);
  expect(readdirSync(folder).toSorted()).toEqual([id(3), id(4), id(5), id(6), 'latest', 'notes']);
  makePass(7);
  expect(await tidy()).toBe(1);
  expect(await tidy()).toBe(0);
});

it('has nothing to do before the first pass', async () => {
  expect(await passKeeper(join(folder, 'none'), { passesMax: 4, passBytesMax: 1e9 })()).toBe(0);
});

it('keeps the newest, up to the size, but always the last two', async () => {
  makePasses(5);
  expect(await passKeeper(folder, { passesMax: 100, passBytesMax: 350 })()).toBe(2);
  expect(readdirSync(folder)).toEqual([id(3), id(4), id(5)]);
  expect(await passKeeper(folder, { passesMax: 1, passBytesMax: 1 })()).toBe(1);
  expect(readdirSync(folder)).toEqual([id(4), id(5)]);
});
