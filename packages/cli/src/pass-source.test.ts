/** Answers from a pass folder: none from a pass that was cut short. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSource } from './pass-source.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trivet-source-'));
  await mkdir(join(dir, 'sets/plan'), { recursive: true });
  await writeFile(join(dir, 'sets/plan/drain'), 'gpu-1\n');
  await writeFile(join(dir, 'pass.json'), '{"schema":"trivet.pass/v1"}');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the folder of a pass that was cut short', () => {
  it('answers nothing, and says why', async () => {
    const source = await openSource({ pass: dir }, {});
    const asked = [source.show, source.sets, () => source.set('plan/drain'), () => source.explain('gpu-1')];
    for (const ask of asked) await expect(ask()).rejects.toThrow('cut short');
  });
});
