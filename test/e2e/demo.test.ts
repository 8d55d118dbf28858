/** `trivet demo` as a user runs it: a child process, its two streams, its exit status, and what it leaves behind. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

const CLI = join(import.meta.dirname, '../../packages/cli/src/main.ts');
const SETTLE_MS = 10_000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trivet-demo-cli-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Its folder's name is in the command line of every process that it starts. */
function demo(...flags: string[]) {
  const args = [CLI, 'demo', '--nodes', '24', '--dir', join(dir, 'demo'), ...flags];
  return execa(process.execPath, args, { reject: false, timeout: 60_000, env: { TMPDIR: dir } });
}

/** By command line and environment, where Linux shows both. */
function processesOf(folder: string): string[] {
  if (process.platform !== 'linux') {
    console.warn('left-over processes are not looked for: this system has no /proc');
    return [];
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return command.includes(folder) || environment.includes(folder) ? [`${pid} ${command}`] : [];
      } catch {
        // It ended between the two looks, or is not ours to look at.
        return [];
      }
    });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + SETTLE_MS;
  while (performance.now() < end) {
    if (await isSo()) return true;
    await sleep(20);
  }
  return false;
}

const result = z.object({
  schema: z.literal('trivet.demo/v1'),
  url: z.url(),
  passesDir: z.string(),
  passes: z.number(),
  last: z.object({ id: z.string(), outcome: z.string(), planned: z.number() }),
  summary: z.string(),
});

describe('trivet demo', () => {
  it('--once runs three passes, prints the last summary and the address, and leaves no process', async () => {
    const { exitCode, stdout, stderr } = await demo('--once', '--port', '0', '--seed', '3');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('starting') });
    const summary = readFileSync(join(dir, 'demo', 'passes', 'demo', 'latest', 'summary.txt'), 'utf8');
    expect(stdout).toContain(summary);
    expect(stdout.match(/^pass \d{8}T\d{9}Z /gm)).toHaveLength(3);
    expect(stderr).toContain(`explain NODE --pass ${join(dir, 'demo', 'passes', 'demo')}`);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/m);
    expect(processesOf(dir)).toEqual([]);
  });

  it('--json prints one object and nothing else on standard output', async () => {
    const { exitCode, stdout } = await demo('--once', '--json', '--port', '0');
    expect(exitCode).toBe(0);
    const printed = result.parse(JSON.parse(stdout));
    expect(printed.passes).toBe(3);
    expect(readdirSync(printed.passesDir)).toContain(printed.last.id);
  });

  it('goes on with a page and an API until SIGTERM, then ends cleanly', async () => {
    const child = demo('--port', '0');
    let printed = '';
    child.stdout.on('data', (data) => (printed += String(data)));
    const urlIn = (): string | undefined => /^http:\/\/\S+$/m.exec(printed)?.[0];
    expect(await until(() => urlIn() !== undefined)).toBe(true);
    const page = await fetch(urlIn() ?? '');
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('demo')]);
    child.kill('SIGTERM');
    const { exitCode, stderr } = await child;
    expect(exitCode).toBe(0);
    expect(stderr).toContain('SIGTERM: stopping');
    expect(await until(() => processesOf(dir).length === 0)).toBe(true);
    await expect(fetch(urlIn() ?? '')).rejects.toThrow();
  });

  it('ends cleanly when it is stopped while it starts', async () => {
    const child = demo('--port', '0', '--once');
    let progress = '';
    child.stderr.on('data', (data) => (progress += String(data)));
    expect(await until(() => progress.includes('starting'))).toBe(true);
    child.kill('SIGINT');
    const { exitCode, signal } = await child;
    // Three passes may be done before the signal is seen.
    expect({ exitCode, signal }).toEqual({ exitCode: expect.toSatisfy((code) => code === 0 || code === 1) });
    expect(await until(() => processesOf(dir).length === 0)).toBe(true);
  });

  it('uses another port when its own is taken, and says so', async () => {
    const server = createServer();
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await listening;
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const { exitCode, stdout, stderr } = await demo('--once', '--port', String(port));
      expect(exitCode).toBe(0);
      expect(stderr).toContain(`port ${port} is taken`);
      expect(stdout).not.toContain(`http://127.0.0.1:${port}/`);
    } finally {
      server.close();
    }
  });

  it('does not touch a folder that no demo made', async () => {
    writeFileSync(join(dir, 'precious'), 'x');
    const args = [CLI, 'demo', '--once', '--dir', dir];
    const { exitCode, stderr } = await execa(process.execPath, args, { reject: false });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('no demo made') });
    expect(readdirSync(dir)).toEqual(['precious']);
  });

  it('refuses a wrong flag as usage', async () => {
    const { exitCode, stderr } = await execa(process.execPath, [CLI, 'demo', '--nodes', '0'], { reject: false });
    expect({ exitCode, stderr }).toEqual({ exitCode: 64, stderr: expect.stringContaining('whole number from 1 to') });
  });
});
