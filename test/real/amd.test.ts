/**
 * The real amd-smi and rocm-smi on a machine without an AMD driver: what they print then must never be read as "healthy", nor
 * as "no GPUs". rocm-smi says it with exit status 0 and nothing on standard output.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AmdSmiCollector } from '@trivet/agent/collectors/amd-smi.ts';
import { AMD_SMI, ROCM_SMI, ROOT, runTool } from './tools.ts';

const CLI = join(ROOT, 'packages', 'cli', 'src', 'main.ts');
const hasDriver = existsSync('/sys/module/amdgpu');
const TOOLS = [
  ...AMD_SMI.map((path) => ({ flag: '--amd-smi', path, options: { amdSmi: path, rocmSmi: null } })),
  ...ROCM_SMI.map((path) => ({ flag: '--rocm-smi', path, options: { amdSmi: null, rocmSmi: path } })),
];

describe.skipIf(hasDriver).each(TOOLS)('$path without a driver', ({ flag, path, options }) => {
  it('is a source that failed, for a reason that says how to mend it', async () => {
    const collected = await new AmdSmiCollector(options).collect();
    expect(collected).toMatchObject({ state: 'failed' });
    expect(collected.sample).toBeUndefined();
    expect('reason' in collected && collected.reason).toMatch(/driver \(amdgpu\) is not loaded.*modprobe amdgpu/);
  });

  it('makes `trivet check` end with 3, could not tell', async () => {
    const text = await runTool(process.execPath, [CLI, 'check', flag, path]);
    expect(text).toMatchObject({ code: 3 });
    expect(text.stdout).toMatch(/^unknown: number of GPUs not known; could not tell: amd-smi/);
    const json = await runTool(process.execPath, [CLI, 'check', flag, path, '--json']);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({ verdict: 'unknown', gpus: [], findings: [] });
  });
});

it('is asked for its version, so that the log of a run says what was tested', async () => {
  for (const path of AMD_SMI) process.stderr.write((await runTool(path, ['version'])).stdout);
  expect(AMD_SMI.length + ROCM_SMI.length).toBeGreaterThan(1);
});
