/** `trivet check` as a process over the fake amd-smi and rocm-smi: exit statuses, both outputs, and who is asked. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFakeAmdTool } from '@trivet/simulator/fake-amd-smi.ts';
import type { FakeAmdGpu, FakeAmdWorld } from '@trivet/simulator/fake-amd-smi.ts';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');
const dir = mkdtempSync(join(tmpdir(), 'trivet-check-amd-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Nothing in it: so that this machine's own kernel log has no say. */
const quiet = join(dir, 'kernel.log');
writeFileSync(quiet, '');

async function check(...args: readonly string[]) {
  const all = [MAIN, 'check', '--kernel-log', quiet, ...args];
  const { exitCode, stdout } = await execa(process.execPath, all, { reject: false, timeout: 50_000 });
  return { exitCode, stdout };
}

function board(index: number, faults: Partial<FakeAmdGpu> = {}): FakeAmdGpu {
  return {
    uuid: `1${index}ff74a1-0000-1000-8000-00000000000${index}`,
    pciBusId: `0000:${index}5:00.0`,
    serial: `69230000000${index}`,
    model: 'AMD Instinct MI300X',
    ...faults,
  };
}

let worlds = 0;
function fake(tool: 'amd-smi' | 'rocm-smi', gpus: readonly FakeAmdGpu[], rest: Partial<FakeAmdWorld> = {}): string {
  const folder = join(dir, `world-${worlds++}`);
  mkdirSync(folder);
  return writeFakeAmdTool(folder, tool, { driverVersion: '6.12.12', shape: 'gpu_data', gpus, ...rest });
}

describe('trivet check, AMD', () => {
  it('healthy: exit 0, a row for each board, partitions told', async () => {
    const path = fake('amd-smi', [board(0), board(1, { partitions: 8 })]);
    const { exitCode, stdout } = await check('--amd-smi', path, '--expect-gpus', '2');
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')[0]).toBe('healthy: 2 GPUs');
    expect(stdout).toMatch(/^0 +AMD Instinct MI300X +0000:05:00\.0 .* 45 C +ok$/m);
    expect(stdout).toMatch(/^1 +AMD Instinct MI300X \(8 partitions, CPX\) +0000:15:00\.0 .* ok$/m);
  });

  it('unhealthy: exit 2, with evidence and what to do', async () => {
    const path = fake('amd-smi', [board(0), board(1, { uncorrectable: { UMC: 1 } })], { shape: 'list' });
    const { exitCode, stdout } = await check('--amd-smi', path, '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'unhealthy',
      gpus: [{ state: 'ok' }, { state: 'amd.ecc-uncorrectable-memory' }],
      findings: [
        {
          code: 'amd.ecc-uncorrectable-memory',
          gpu: { pciBusId: '0000:15:00.0' },
          whatToDo: 'drain the node, then reboot it',
          evidence: [{ source: 'amd-smi', text: 'uncorrectable errors: UMC 1 (total 1)' }],
        },
      ],
      samples: { amd: { tool: 'amd-smi', gpus: { length: 2 } } },
    });
  });

  it('unknown: exit 3, and says why the tool has no answer', async () => {
    for (const tool of ['amd-smi', 'rocm-smi'] as const) {
      const { exitCode, stdout } = await check(`--${tool}`, fake(tool, [], { failure: 'driver-not-loaded' }));
      expect(exitCode).toBe(3);
      expect(stdout.split('\n')[0]).toBe('unknown: number of GPUs not known; could not tell: amd-smi');
      expect(stdout).toMatch(/amd-smi +failed +yes .*the driver \(amdgpu\) is not loaded: load it/);
    }
  });

  it('asks rocm-smi where only that is named', async () => {
    const path = fake('rocm-smi', [board(0, { correctable: { UMC: 3 } })]);
    const { exitCode, stdout } = await check('--rocm-smi', path, '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'healthy', samples: { amd: { tool: 'rocm-smi' } } });
  });
});
