/** The whole daemon over the fake amd-smi: what it reports of AMD boards, and that the kernel's lines mean the same boards. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAgent } from '@trivet/agent/agent.ts';
import { loadConfig } from '@trivet/agent/config.ts';
import { createLog } from '@trivet/agent/log.ts';
import { report as reportShape } from '@trivet/shared/protocol/report-schema.ts';
import { afterAll, expect, it } from 'vitest';
import { writeFakeAmdTool } from './fake-amd-smi.ts';
import type { FakeAmdGpu } from './fake-amd-smi.ts';

const dir = mkdtempSync(join(tmpdir(), 'trivet-amd-agent-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function board(index: number, faults: Partial<FakeAmdGpu> = {}): FakeAmdGpu {
  return {
    uuid: `1${index}ff74a1-0000-1000-8000-00000000000${index}`,
    pciBusId: `0000:${index}5:00.0`,
    serial: `69230000000${index}`,
    model: 'AMD Instinct MI300X',
    ...faults,
  };
}

it('reports boards, and one identity for what counters and kernel say', async () => {
  const gpus = [board(0, { partitions: 8 }), board(1, { uncorrectable: { UMC: 1 } })];
  const amdSmi = writeFakeAmdTool(dir, 'amd-smi', { driverVersion: '6.12.12', shape: 'gpu_data', gpus });
  const kernelLog = join(dir, 'kernel.log');
  writeFileSync(kernelLog, '');
  const flags = {
    node: 'gpu-1',
    stateDir: join(dir, 'state'),
    listen: '127.0.0.1:0',
    amdSmi,
    kernelLog,
    expectedGpus: '2',
  };
  const agent = await startAgent(await loadConfig(null, flags, {}), {
    log: createLog({ level: 'error', now: Date.now, write: () => {} }),
    chassisSerial: () => Promise.resolve('SN1'),
  });
  try {
    await agent.report();
    appendFileSync(kernelLog, 'amdgpu 0000:15:00.0: amdgpu: 1 uncorrectable hardware errors detected in umc block\n');
    const report = await agent.report();
    expect(reportShape.parse(report)).toEqual(report);
    expect(report.samples.amd?.gpus.map(({ partitions }) => partitions.length)).toEqual([8, 1]);
    expect(report.collectors).toContainEqual(expect.objectContaining({ name: 'amd-smi', state: 'ok', required: true }));
    const gpu = { uuid: board(1).uuid, pciBusId: '0000:15:00.0' };
    expect(report.findings.map(({ code, gpu }) => ({ code, gpu }))).toEqual([
      { code: 'amd.ecc-uncorrectable-memory', gpu },
      { code: 'amdgpu.ras-uncorrectable', gpu },
    ]);
  } finally {
    await agent.stop();
  }
}, 30_000);
