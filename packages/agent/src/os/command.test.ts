import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommand } from './command.ts';
import type { CommandResult } from './command.ts';

const dir = mkdtempSync(join(tmpdir(), 'trivet-command-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function script(name: string, body: string, mode = 0o755): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

function run(path: string, timeoutMs = 20_000, outputLimitBytes?: number): Promise<CommandResult> {
  return runCommand({ path, args: [], timeoutMs, ...(outputLimitBytes === undefined ? {} : { outputLimitBytes }) });
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
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('not within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('runCommand', () => {
  it('gives status and both outputs, in the C locale, with arguments as they are', async () => {
    const path = script('plain', 'echo "$LC_ALL|$1"; echo problem >&2; exit 15');
    const result = await runCommand({ path, args: ['a b; $(false)'], timeoutMs: 20_000 });
    expect(result).toEqual({
      kind: 'exited',
      code: 15,
      signal: null,
      stdout: 'C|a b; $(false)\n',
      stderr: 'problem\n',
    });
  });

  it('names the signal that ended it', async () => {
    expect(await run(script('killed', 'kill -9 $$'))).toMatchObject({ kind: 'exited', code: null, signal: 'SIGKILL' });
  });

  it('ends one that ignores SIGTERM, and everything it started', async () => {
    const path = script('stubborn', 'trap "" TERM INT HUP; sleep 600 & echo $$ $!; while :; do sleep 1; done');
    const result = await run(path, 700);
    expect(result).toMatchObject({ kind: 'timed-out', survivor: null });
    const pids = 'stdout' in result ? result.stdout.trim().split(' ').map(Number) : [];
    expect(pids).toHaveLength(2);
    await until(() => !pids.some(isAlive));
  });

  it('keeps what was written before the deadline', async () => {
    const result = await run(script('half', 'echo "<half>"; exec sleep 600'), 700);
    expect(result).toEqual({ kind: 'timed-out', stdout: '<half>\n', survivor: null });
  });

  it('waits for one that closes its outputs and lives on', async () => {
    const result = await run(script('closes', 'echo done; exec >&- 2>&-; exec sleep 600'), 700);
    expect(result).toEqual({ kind: 'timed-out', stdout: 'done\n', survivor: null });
  });

  it('ends one that writes without end', async () => {
    const result = await run(script('spew', 'exec yes'), 20_000, 100_000);
    expect(result).toMatchObject({ kind: 'too-much-output', survivor: null });
    expect('stdout' in result ? result.stdout.length : -1).toBeLessThanOrEqual(100_000);
  });

  it('does not wait for a grandchild that holds the pipe, and ends it', async () => {
    const result = await run(script('grandchild', 'sleep 600 & echo $!; exit 0'));
    expect(result).toMatchObject({ kind: 'exited', code: 0 });
    const pid = 'stdout' in result ? Number(result.stdout) : 0;
    expect(pid).toBeGreaterThan(1);
    await until(() => !isAlive(pid));
  });

  it('ends what was left running without the pipes, where nothing may be left', async () => {
    const path = script('leaves', 'sleep 600 >/dev/null 2>&1 & echo $!; exit 0');
    const result = await runCommand({ path, args: [], timeoutMs: 20_000, leavesNothing: true });
    expect(result).toMatchObject({ kind: 'exited', code: 0 });
    const pid = 'stdout' in result ? Number(result.stdout) : 0;
    expect(pid).toBeGreaterThan(1);
    await until(() => !isAlive(pid));
  });

  it('runs in the folder and with the environment that it is told, and nothing more', async () => {
    const path = script('where', 'pwd; env | cut -d= -f1 | sort | tr "\\n" " "');
    const result = await runCommand({
      path,
      args: [],
      timeoutMs: 20_000,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', A: 'b' },
    });
    // PWD and the like are the shell's own.
    expect(result).toMatchObject({ stdout: expect.stringMatching(/^\/\n(?:(?:A|LC_ALL|OLDPWD|PATH|PWD|SHLVL|_) )+$/) });
  });

  it('answers as a value when there is nothing to run', async () => {
    expect(await run(join(dir, 'missing'))).toMatchObject({ kind: 'not-found' });
    expect(await run(script('plain-file', 'exit 0', 0o644))).toMatchObject({ kind: 'not-executable' });
    expect(await run('bad\0path')).toMatchObject({ kind: 'failed' });
  });

  it('stops when it is told to', async () => {
    const path = script('sleeper', 'exec sleep 600');
    const stopping = runCommand({ path, args: [], timeoutMs: 60_000, signal: AbortSignal.timeout(300) });
    expect(await stopping).toEqual({ kind: 'stopped', stdout: '', survivor: null });
    const stopped = runCommand({ path, args: [], timeoutMs: 60_000, signal: AbortSignal.abort() });
    expect(await stopped).toMatchObject({ kind: 'stopped' });
  });
});
