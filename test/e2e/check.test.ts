/** `trivet check` as a process: the fake nvidia-smi, kernel logs from files, exit statuses, both outputs. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFakeNvidiaSmi } from '@trivet/simulator/fake-nvidia-smi.ts';
import type { FakeGpu, FakeGpuWorld } from '@trivet/simulator/fake-nvidia-smi.ts';
import { execa } from 'execa';
import { afterAll, describe, expect, it, vi } from 'vitest';

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');
const dir = mkdtempSync(join(tmpdir(), 'trivet-check-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function trivet(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MAIN, ...args], {
    reject: false,
    timeout: 50_000,
  });
  return { exitCode, stdout, stderr };
}

let files = 0;
function fileOf(text: string): string {
  const path = join(dir, `file-${files++}`);
  writeFileSync(path, text);
  return path;
}

function gpu(index: number, faults: Partial<FakeGpu> = {}): FakeGpu {
  return {
    uuid: `GPU-0000000${index}-0000-4000-8000-000000000000`,
    pciBusId: `0000:${index}b:00.0`,
    serial: `165000000000${index}`,
    model: 'NVIDIA H100 80GB HBM3',
    ...faults,
  };
}

function fake(gpus: readonly FakeGpu[], rest: Partial<FakeGpuWorld> = {}): Promise<string> {
  const folder = join(dir, `world-${files++}`);
  mkdirSync(folder);
  return writeFakeNvidiaSmi(folder, { driverVersion: '580.95.05', cudaVersion: '13.0', gpus, ...rest });
}

/** Nothing in it: so that this machine's own kernel log has no say. */
const quiet = fileOf('');

describe('trivet check', () => {
  it('healthy: exit 0, verdict first', async () => {
    const { exitCode, stdout, stderr } = await trivet(
      'check',
      '--nvidia-smi',
      await fake([gpu(0), gpu(1)]),
      '--kernel-log',
      quiet,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe('healthy: 2 GPUs');
    expect(stdout).toContain(gpu(1).uuid);
  });

  it('degraded: exit 1, for a remap that can wait', async () => {
    const path = await fake([gpu(0, { remapPending: true })]);
    const { exitCode, stdout } = await trivet('check', '--nvidia-smi', path, '--kernel-log', quiet);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^degraded: 1 GPU; remap\.pending .*when the node is next idle/);
  });

  it.each([
    ['remap.failure', { remapFailure: true }, 'have the board replaced'],
    ['recovery-action.2', { recoveryAction: 'Reboot' }, 'reboot it'],
    ['gpu.lost', { access: 'fields-lost' }, 'reboot it'],
    ['gpu.lost', { access: 'handle-lost' }, 'reboot it'],
  ] as const)('unhealthy: exit 2, %s of %o, with evidence and what to do', async (code, faults, advice) => {
    const path = await fake([gpu(0), gpu(1, faults)]);
    const { exitCode, stdout } = await trivet('check', '--nvidia-smi', path, '--kernel-log', quiet, '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'trivet.check/v1',
      verdict: 'unhealthy',
      findings: [
        { code, strength: 'hard', evidence: [{ source: 'nvidia-smi' }], whatToDo: expect.stringContaining(advice) },
      ],
    });
  });

  it.each([
    ['driver-not-loaded', { failure: 'driver-not-loaded' }, 'NVIDIA driver'],
    ['cut', { ending: 'cut' }, 'cut document'],
    ['hang-at-start', { ending: 'hang-at-start' }, 'no end within 1 s'],
    ['left out in silence', { gpus: [gpu(0), gpu(1, { access: 'no-permission' })] }, '2 GPUs attached, 1 described'],
  ] as const)('unknown: exit 3, %s', async (_, world, reason) => {
    const path = await fake([gpu(0)], world);
    const timeout = 'ending' in world && world.ending === 'hang-at-start' ? '1' : '30';
    const { exitCode, stdout } = await trivet(
      'check',
      '--nvidia-smi',
      path,
      '--kernel-log',
      quiet,
      '--timeout',
      timeout,
    );
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^unknown: /);
    expect(stdout).toContain(reason);
  });

  it('reads kernel messages from a file, and ties them to the GPU by bus id', async () => {
    const log = fileOf(
      '[ 4711.000000] NVRM: Xid (PCI:0000:1b:00): 79, pid=1, name=python, GPU has fallen off the bus.\n',
    );
    const path = await fake([gpu(0), gpu(1)]);
    const { exitCode, stdout } = await trivet('check', '--nvidia-smi', path, '--kernel-log', log, '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).findings).toMatchObject([
      { code: 'xid.79', gpu: { uuid: gpu(1).uuid, pciBusId: '0000:1b:00.0' } },
    ]);
  });

  it('a kernel log that was named must be readable', async () => {
    const path = await fake([gpu(0)]);
    const { exitCode, stdout } = await trivet('check', '--nvidia-smi', path, '--kernel-log', join(dir, 'missing'));
    expect(exitCode).toBe(3);
    expect(stdout).toContain('could not tell: kernel-log');
  });

  it('says when fewer GPUs are there than expected', async () => {
    const path = await fake([gpu(0)]);
    const { exitCode, stdout } = await trivet(
      'check',
      '--nvidia-smi',
      path,
      '--kernel-log',
      quiet,
      '--expect-gpus',
      '8',
    );
    expect(exitCode).toBe(1);
    expect(stdout).toContain('expected are 8');
  });

  it('a tool that was named must be there', async () => {
    const { exitCode, stdout } = await trivet('check', '--nvidia-smi', join(dir, 'missing'), '--kernel-log', quiet);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('no such program');
  });

  it('shows control bytes, and obeys none', async () => {
    const log = fileOf('NVRM: Xid (PCI:0000:0b:00): 79, pid=1, name=\u001b[2J\u0007, GPU has fallen off the bus.\n');
    const { stdout } = await trivet('check', '--nvidia-smi', await fake([gpu(0)]), '--kernel-log', log);
    expect(stdout).toContain('xid.79');
    expect(/[^\P{Cc}\n]/u.test(stdout)).toBe(false);
  });

  it.each([
    [['check', '--bogus']],
    [['nonsense']],
    [['check', '--expect-gpus', 'many']],
    [['check', '--timeout', '0']],
    [['check', '--require', 'luck']],
    [['check', 'surplus']],
  ])('usage: exit 64, standard output empty: %j', async (args) => {
    const { exitCode, stdout, stderr } = await trivet(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).not.toBe('');
  });

  it('ended while the tool hangs, ends the tool and is unknown', async () => {
    const pidFile = join(dir, 'pid');
    const path = fileOf(`#!/bin/sh\necho $$ > '${pidFile}'\nexec sleep 600\n`);
    chmodSync(path, 0o755);
    const args = [MAIN, 'check', '--nvidia-smi', path, '--kernel-log', quiet];
    const running = execa(process.execPath, args, { reject: false });
    const pid = () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0);
    await vi.waitUntil(() => pid() > 0, { timeout: 20_000 });
    running.kill('SIGTERM');
    expect((await running).exitCode).toBe(3);
    expect(() => process.kill(pid(), 0)).toThrow('ESRCH');
  });

  it('keeps its exit status when the reader goes away', async () => {
    const path = await fake([gpu(0, { remapFailure: true })]);
    const line = 'set -o pipefail; "$@" | true; exit "${PIPESTATUS[0]}"';
    const args = [
      '-c',
      line,
      'bash',
      process.execPath,
      MAIN,
      'check',
      '--nvidia-smi',
      path,
      '--kernel-log',
      quiet,
      '--json',
    ];
    const { exitCode, stderr } = await execa('bash', args, { reject: false });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
  });

  it('tells its version and helps', async () => {
    expect((await trivet('--version')).stdout).toMatch(/^\d+\.\d+\.\d+$/);
    const { exitCode, stdout } = await trivet('check', '--help');
    expect(exitCode).toBe(0);
    for (const flag of ['--json', '--nvidia-smi', '--kernel-log', '--require', '--expect-gpus', '--timeout']) {
      expect(stdout).toContain(flag);
    }
  });
});
