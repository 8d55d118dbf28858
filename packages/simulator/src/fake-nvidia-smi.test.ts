/** The fake as a process, read by the real collector: a healthy node, one that changes, and each fault. How it fails: fake-nvidia-table.test.ts. */
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
    [{ persistenceOff: true }, { persistenceMode: { value: false } }],
    [{ eccOff: true }, { eccModeCurrent: { value: false }, eccModePending: { value: false } }],
    [{ eccPendingOff: true }, { eccModeCurrent: { value: true }, eccModePending: { value: false } }],
    [{ temperatureMarginCelsius: -3 }, { temperatureMarginCelsius: { value: -3 } }],
    [{ hwThermalUs: 5, hwPowerBrakeUs: 6 }, { slowdown: { hwThermalUs: { value: 5 }, hwPowerBrakeUs: { value: 6 } } }],
    [
      { banks: { high: 2, none: 1 } },
      { remapBanks: { max: { value: 2557 }, high: { value: 2 }, low: { value: 0 }, none: { value: 1 } } },
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

  it('refuses other arguments', async () => {
    expect(await exitOf(world({}), '--query-gpu=name')).toBe(2);
  });
});
