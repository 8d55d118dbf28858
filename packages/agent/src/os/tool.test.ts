import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { runCommand } from './command.ts';
import { exclusive, tool } from './tool.ts';

const dir = mkdtempSync(join(tmpdir(), 'trivet-tool-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function script(name: string, body: string): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { timeout: 10_000, interval: 10 });
}

describe('tool', () => {
  it('answers busy while a run is under way', async () => {
    const once = exclusive(runCommand);
    const spec = { path: script('short', 'sleep 0.2; echo one'), args: [], timeoutMs: 20_000 };
    const first = once(spec);
    expect(await once(spec)).toMatchObject({ kind: 'busy' });
    expect(await first).toMatchObject({ kind: 'exited', stdout: 'one\n' });
    expect(await once(spec)).toMatchObject({ kind: 'exited' });
  });

  it('starts no second one while a killed one lives, and names it', async () => {
    let pid = 0;
    const cannotKill = exclusive((spec) => runCommand(spec, (group) => void (pid = group)));
    const path = script('immortal', 'exec sleep 600');
    expect(await cannotKill({ path, args: [], timeoutMs: 100 })).toMatchObject({
      kind: 'timed-out',
      survivor: { pid },
    });
    const busy = await cannotKill({ path, args: [], timeoutMs: 100 });
    expect(busy).toMatchObject({ kind: 'busy', reason: expect.stringContaining(`pid ${pid}`) });
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));
    expect(await cannotKill({ path: script('well', 'exit 0'), args: [], timeoutMs: 20_000 })).toMatchObject({
      kind: 'exited',
    });
  });

  it('remembers what hung until the program has answered again', async () => {
    let pid = 0;
    const { run, hung } = tool((spec) => runCommand(spec, (group) => void (pid = group)));
    const path = script('hangs', 'exec sleep 600');
    await run({ path, args: [], timeoutMs: 100 });
    expect(hung()).toMatchObject({ survivor: { pid } });
    const since = hung()?.since;
    process.kill(pid, 'SIGKILL');
    await until(() => hung()?.survivor?.hasEnded() === true);
    await run({ path: join(dir, 'missing'), args: [], timeoutMs: 100 });
    expect(hung()).toMatchObject({ since });
    await run({ path: script('answers', 'exit 0'), args: [], timeoutMs: 20_000 });
    expect(hung()).toBeNull();
  });

  it('remembers also what could be ended, since the first time, and by what it was asked for', async () => {
    const { run, hung } = tool();
    const hangs = script('hangs', 'exec sleep 600');
    const answers = script('answers', 'exit 0');
    await run({ path: hangs, args: ['nvlink', '-s'], timeoutMs: 100 });
    expect(hung()).toMatchObject({ survivor: null });
    const since = hung()?.since;
    await run({ path: hangs, args: ['nvlink', '-s'], timeoutMs: 100 });
    await run({ path: answers, args: ['-q', '-x'], timeoutMs: 20_000 });
    expect(hung()).toEqual({ since, survivor: null });
    await run({ path: answers, args: ['nvlink', '-e'], timeoutMs: 20_000 });
    expect(hung()).toBeNull();
  });
});
