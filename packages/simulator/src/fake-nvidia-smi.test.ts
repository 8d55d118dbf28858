/** The fake behaves as the real tool does in each case that was measured: run as a process, read by the real collector. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Collected } from '@trivet/agent/collectors/collector.ts';
import { NvidiaSmiCollector } from '@trivet/agent/collectors/nvidia-smi.ts';
import { runCommand } from '@trivet/agent/os/command.ts';
import type { NvidiaSample } from '@trivet/shared/model/gpu.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { writeFakeNvidiaSmi, writeFakeWorld } from './fake-nvidia-smi.ts';
import type { FakeGpu, FakeGpuWorld } from './fake-nvidia-smi.ts';

const dir = mkdtempSync(join(tmpdir(), "trivet fake's "));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function gpu(index: number, faults: Partial<FakeGpu> = {}): FakeGpu {
  return {
    uuid: `GPU-0000000${index}-0000-4000-8000-000000000000`,
    pciBusId: `0000:${index}b:00.0`,
    serial: `165000000000${index}`,
    model: 'NVIDIA H100 80GB HBM3',
    minorNumber: index,
    ...faults,
  };
}

function world(rest: Partial<FakeGpuWorld>): FakeGpuWorld {
  return { driverVersion: '580.95.05', cudaVersion: '13.0', gpus: [gpu(0), gpu(1), gpu(2)], ...rest };
}

/** Of three GPUs the second has the fault. */
function second(faults: Partial<FakeGpu>): FakeGpuWorld {
  return world({ gpus: [gpu(0), gpu(1, faults), gpu(2)] });
}

async function collect(of: FakeGpuWorld, timeoutMs = 30_000): Promise<Collected<NvidiaSample>> {
  const path = await writeFakeNvidiaSmi(dir, of);
  return new NvidiaSmiCollector({ path, timeoutMs }).collect();
}

async function exitOf(of: FakeGpuWorld, ...args: readonly string[]): Promise<number | null> {
  const result = await runCommand({ path: await writeFakeNvidiaSmi(dir, of), args, timeoutMs: 30_000 });
  return result.kind === 'exited' ? result.code : null;
}

describe('fake nvidia-smi', () => {
  it('describes healthy GPUs', async () => {
    expect(await collect(world({}))).toMatchObject({
      state: 'ok',
      sample: {
        driverVersion: '580.95.05',
        attachedGpus: 3,
        gpus: [0, 1, 2].map((index) => ({
          uuid: gpu(index).uuid,
          pciBusId: `0000:${index}b:00.0`,
          errorTexts: [],
          recoveryAction: { value: 'None' },
          remapFailure: { value: false },
          eccVolatile: { dramUncorrectable: { value: 0 } },
          fabricState: { value: 'Completed' },
        })),
      },
    });
  });

  it('shows a changed world at the next run', async () => {
    const path = await writeFakeNvidiaSmi(dir, world({}));
    const collector = new NvidiaSmiCollector({ path });
    expect(await collector.collect()).toMatchObject({ sample: { gpus: { length: 3 } } });
    writeFakeWorld(join(dir, 'gpus.json'), world({ gpus: [gpu(0)] }));
    expect(await collector.collect()).toMatchObject({ sample: { gpus: { length: 1 } } });
  });

  it.each([
    [{ recoveryAction: 'Drain and Reset' }, { recoveryAction: { value: 'Drain and Reset' } }],
    [{ dramUncorrectable: 2 }, { eccVolatile: { dramUncorrectable: { value: 2 } } }],
    [{ sramUncorrectable: 1, sramThresholdExceeded: true }, { sramThresholdExceeded: { value: true } }],
    [
      { remapPending: true, remappedRows: 1 },
      { remapPending: { value: true }, remappedRowsUncorrectable: { value: 1 } },
    ],
    [{ remapFailure: true }, { remapFailure: { value: true } }],
    [{ unrepairableMemory: true }, { unrepairableMemory: { value: true } }],
    [
      { channelRepairPending: true, tpcRepairPending: true },
      { channelRepairPending: { value: true }, tpcRepairPending: { value: true } },
    ],
    [{ fabricState: 'Not Started' }, { fabricState: { value: 'Not Started' } }],
    [
      { retiredPages: { singleBit: 3, doubleBit: 1, pending: true } },
      { retiredPagesSingleBit: { value: 3 }, retirementPending: { value: true } },
    ],
    [
      { hwThermalSlowdown: true, temperatureCelsius: 93 },
      { hwThermalSlowdown: { value: true }, temperatureCelsius: { value: 93 } },
    ],
  ] as const)('shows the fault %o', async (faults, readings) => {
    expect(await collect(second(faults))).toMatchObject({ state: 'ok', sample: { gpus: { 1: readings } } });
  });

  it('says what older drivers say of a reset', async () => {
    const old = { ...second({ resetRequired: true }), driverVersion: '535.261.03' };
    expect(await collect(old)).toMatchObject({
      sample: { gpus: [{ resetRequired: { value: false } }, { resetRequired: { value: true } }, {}] },
    });
  });

  it.each([
    ['driver-not-loaded', 9],
    ['version-mismatch', 18],
    ['library-missing', 12],
    ['unknown-error', 255],
  ] as const)('%s: exit %d, and nothing to read', async (failure, code) => {
    expect(await exitOf(world({ failure }), '-q', '-x')).toBe(code);
    expect(await exitOf(world({ failure }), '-L')).toBe(code);
    expect(await collect(world({ failure }))).toEqual({ state: 'failed', reason: expect.any(String) });
  });

  it('no devices: exit 6, and 0 for the list', async () => {
    const none = world({ gpus: [] });
    expect([await exitOf(none, '-q', '-x'), await exitOf(none, '-L')]).toEqual([6, 0]);
    expect(await collect(none)).toEqual({ state: 'failed', reason: expect.stringContaining('No devices') });
  });

  it.each([
    ['handle-lost', 15, 'lost'],
    ['handle-unknown', 255, 'unreachable'],
  ] as const)('%s: exit %d, no document, the others only listed', async (access, code, kind) => {
    expect(await exitOf(second({ access }), '-q', '-x')).toBe(code);
    expect(await collect(second({ access }))).toMatchObject({
      state: 'unknown',
      sample: { gpus: [], lost: [{ name: '1', kind }], listed: [{ uuid: gpu(0).uuid }, { uuid: gpu(2).uuid }] },
    });
  });

  it('no-permission: exit 0, left out in silence, named by the list', async () => {
    const of = second({ access: 'no-permission' });
    expect([await exitOf(of, '-q', '-x'), await exitOf(of, '-L')]).toEqual([0, 4]);
    expect(await collect(of)).toMatchObject({
      state: 'unknown',
      sample: { attachedGpus: 3, gpus: { length: 2 }, lost: [{ name: '1', kind: 'unreachable' }] },
    });
  });

  it('pci-info-lost: exit 15, an error in its place, the others described', async () => {
    const of = second({ access: 'pci-info-lost' });
    expect(await exitOf(of, '-q', '-x')).toBe(15);
    expect(await collect(of)).toMatchObject({
      state: 'unknown',
      sample: { gpus: { length: 2 }, lost: [{ kind: 'lost' }] },
    });
  });

  it.each(['fields-lost', 'lost-mid-run'] as const)('%s: exit 0, well-formed, core readings lost', async (access) => {
    expect(await exitOf(second({ access }), '-q', '-x')).toBe(0);
    const lost = { uuid: access === 'fields-lost' ? null : gpu(1).uuid, pciBusId: '0000:1b:00.0' };
    expect(await collect(second({ access }))).toMatchObject({
      state: 'ok',
      sample: {
        gpus: [
          { errorTexts: [] },
          { ...lost, errorTexts: expect.arrayContaining(['temperature/gpu_temp: GPU is lost']) },
          {},
        ],
      },
    });
  });

  it.each([
    ['cut', false],
    ['hang-at-start', false],
    ['hang-in-document', false],
    ['hang-at-shutdown', true],
    ['shutdown-fails', true],
  ] as const)('%s: not ok, document: %s', async (ending, hasSample) => {
    const collected = await collect(world({ ending }), ending.startsWith('hang') ? 5000 : 30_000);
    expect(collected.state).toBe('unknown');
    expect('sample' in collected && collected.sample !== undefined).toBe(hasSample);
  });

  it('refuses other arguments', async () => {
    expect(await exitOf(world({}), '--query-gpu=name')).toBe(2);
  });
});
