/** The state between passes from files: kept, never forgotten in silence, never taken from another pass. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_STATE } from '@trivet/aggregator/core/state.ts';
import { openState } from './pass-state.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trivet-state-'));
  await mkdir(join(dir, 'sjc'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const one = { ...EMPTY_STATE, expected: ['gpu-1'] };

describe('the state between passes', () => {
  it('is empty before the first, and what was saved after it', async () => {
    const first = await openState(dir, 'sjc');
    expect(first.state).toEqual(EMPTY_STATE);
    await first.save(one);
    expect((await openState(dir, 'sjc')).state).toEqual(one);
  });

  it('is not empty when it is gone', async () => {
    await symlink('20261120T170000000Z', join(dir, 'sjc', 'latest'));
    await expect(openState(dir, 'sjc')).rejects.toThrow('latest/observations/state.json');
  });

  it.each([
    ['that is cut short', '{"version":1,'],
    ['of another version', JSON.stringify({ ...EMPTY_STATE, version: 2 })],
    ['with a name that no node has', JSON.stringify({ ...EMPTY_STATE, expected: ['../a\nb'] })],
    ['with a hold on nobody', JSON.stringify({ ...EMPTY_STATE, lemons: ['__proto__'] })],
    ['with a field more', JSON.stringify({ ...EMPTY_STATE, extra: true })],
  ])('%s is an error that names the file', async (_name, text) => {
    await writeFile(join(dir, 'sjc', 'state.json'), text);
    await expect(openState(dir, 'sjc')).rejects.toThrow('state.json is not the state of earlier passes');
  });

  it('of another pass that ran meanwhile is not overwritten', async () => {
    const [slow, fast] = [await openState(dir, 'sjc'), await openState(dir, 'sjc')];
    await fast.save(one);
    await expect(slow.save(EMPTY_STATE)).rejects.toThrow('one pass at a time');
    expect(JSON.parse(await readFile(join(dir, 'sjc', 'state.json'), 'utf8'))).toEqual(one);
  });
});
