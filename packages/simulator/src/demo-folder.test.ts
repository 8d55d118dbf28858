import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimDemoFolder, defaultDemoFolder, releaseDemoFolder } from './demo-folder.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trivet-demo-folder-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Above Linux's largest possible process id (2^22), so that nobody has it. */
const NOBODY = 2 ** 22 + 1;

describe('claimDemoFolder', () => {
  it('makes a folder that does not exist', async () => {
    expect(await claimDemoFolder(join(dir, 'a', 'b'), NOBODY)).toBeNull();
    expect(await readdir(join(dir, 'a', 'b'))).toHaveLength(1);
  });

  it('empties the folder of a demo that has ended', async () => {
    await claimDemoFolder(dir, NOBODY);
    await writeFile(join(dir, 'left-over'), '');
    expect(await claimDemoFolder(dir, process.pid)).toBeNull();
    expect(await readdir(dir)).toHaveLength(1);
  });

  it('leaves a folder alone that no demo made', async () => {
    await writeFile(join(dir, 'thesis.tex'), 'x');
    expect(await claimDemoFolder(dir, process.pid)).toContain('no demo made');
    expect(await readdir(dir)).toEqual(['thesis.tex']);
  });

  it('leaves a folder alone whose mark cannot be read', async () => {
    await writeFile(join(dir, 'trivet-demo.json'), '{"pid": "all"}');
    await writeFile(join(dir, 'thesis.tex'), 'x');
    expect(await claimDemoFolder(dir, process.pid)).toContain('no demo made');
    expect(await readdir(dir)).toHaveLength(2);
  });

  it('leaves a folder alone that a running demo uses', async () => {
    await claimDemoFolder(dir, process.ppid);
    expect(await claimDemoFolder(dir, process.pid)).toContain(`process ${process.ppid}`);
  });
});

describe('releaseDemoFolder', () => {
  it('leaves it to the next demo, whoever has that process number by then', async () => {
    await claimDemoFolder(dir, process.ppid);
    await releaseDemoFolder(dir);
    expect(await claimDemoFolder(dir, process.pid)).toBeNull();
  });
});

describe('defaultDemoFolder', () => {
  it('follows XDG_STATE_HOME, else the home folder, never the working folder', () => {
    expect(defaultDemoFolder({ XDG_STATE_HOME: '/state' })).toBe('/state/trivet/demo');
    expect(defaultDemoFolder({})).toMatch(/^\/.*\/\.local\/state\/trivet\/demo$/);
  });
});
