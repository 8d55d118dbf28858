import type { NvidiaGpu, NvidiaSample } from '@trivet/shared/model/gpu.ts';
import { describe, expect, it } from 'vitest';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';
import { OverTime } from './over-time.fixture.ts';

const off = { value: false };
const BUS_ID = '0000:1b:00.0';

function gpu(over: Partial<NvidiaGpu>, sample: Partial<NvidiaSample> = {}) {
  return { nvidia: sampleFixture([gpuFixture(over)], sample) };
}

describe('settings', () => {
  it('persistence mode off for ten minutes opens it, and the first look with it on closes it', () => {
    const watch = new OverTime();
    expect(watch.minutes(7, gpu({ persistenceMode: off }))).toEqual([]);
    expect(watch.minutes(3, gpu({ persistenceMode: off }))).toEqual([`persistence.off@${BUS_ID}`]);
    expect(watch.look(gpu({}))).toEqual([]);
  });

  it('persistence mode off is as delivered on a workstation, not judged of a board without a name, not known on Windows', () => {
    expect(new OverTime().minutes(20, gpu({ persistenceMode: off, model: 'NVIDIA GeForce RTX 3090' }))).toEqual([]);
    expect(new OverTime().minutes(20, gpu({ persistenceMode: off, model: 'Graphics Device' }))).toEqual([]);
    expect(new OverTime().minutes(20, gpu({ persistenceMode: { unknown: 'not available' } }))).toEqual([]);
  });

  it.each([
    ['ecc.pending', { eccModePending: off }],
    ['mig.pending', { migModePending: { value: true } }],
    ['inforom.corrupted', { inforomImage: { unknown: 'Corrupted infoROM' } }],
  ] as const)('%s opens at once, and closes at once', (code, over) => {
    const watch = new OverTime();
    expect(watch.look(gpu(over))).toEqual([`${code}@${BUS_ID}`]);
    expect(watch.look(gpu({}))).toEqual([]);
  });

  it('an InfoROM that the tool warns of is that of the board with this bus id', () => {
    expect(new OverTime().look(gpu({}, { inforomCorrupted: [BUS_ID] }))).toEqual([`inforom.corrupted@${BUS_ID}`]);
    expect(new OverTime().look(gpu({}, { inforomCorrupted: ['0000:2f:00.0'] }))).toEqual([]);
  });

  it('a lost GPU proves nothing of its settings', () => {
    const watch = new OverTime();
    watch.look(gpu({ inforomImage: { unknown: 'Corrupted infoROM' } }));
    const lost = { inforomImage: { unknown: 'GPU is lost' }, errorTexts: ['temperature/gpu_temp: GPU is lost'] };
    expect(watch.look(gpu(lost))).toContain(`inforom.corrupted@${BUS_ID}`);
  });
});

describe('spare rows', () => {
  const banks = (max: number, high: number, low = 0, none = 0) =>
    gpu({
      remapBanks: {
        max: { value: max },
        high: { value: high },
        partial: { value: 0 },
        low: { value: low },
        none: { value: none },
      },
    });

  it('some in use are noted; few left in a bank, or many banks begun since the first look, are a warning', () => {
    const watch = new OverTime();
    expect(watch.look(banks(2560, 0))).toEqual([]);
    expect(watch.look(banks(2553, 7))).toEqual([`remap.spares-used@${BUS_ID}`]);
    expect(watch.look(banks(2552, 8))).toEqual([`remap.spares-low@${BUS_ID}`]);
    watch.restart();
    expect(watch.look(banks(2552, 8))).toEqual([`remap.spares-low@${BUS_ID}`]);
    expect([...watch.texts].at(-1)).toContain('max 2552, high 8, partial 0, low 0, none 0 banks; max was 2560');
  });

  it('what was so before the first look is no drift', () => {
    expect(new OverTime().look(banks(2500, 60))).toEqual([`remap.spares-used@${BUS_ID}`]);
    expect(new OverTime().look(banks(2559, 0, 1))).toEqual([`remap.spares-low@${BUS_ID}`]);
    expect(new OverTime().look(banks(2559, 0, 0, 1))).toEqual([`remap.spares-low@${BUS_ID}`]);
  });
});

describe('fabric health by its details', () => {
  const details = gpuFixture().fabricHealthDetails;

  it.each([
    [{ bandwidth: { value: 'Degraded' } }],
    [{ routeUnhealthy: { value: true } }],
    [{ accessTimeoutRecovery: { value: true } }],
    [{ incorrectConfiguration: { value: 'Insufficient NVLinks' } }],
  ])('%o', (over) => {
    const watch = new OverTime();
    expect(watch.look(gpu({ fabricHealthDetails: { ...details, ...over } }))).toEqual([`fabric.unhealthy@${BUS_ID}`]);
    const well = { bandwidth: { value: 'Full' }, incorrectConfiguration: { value: 'None' } };
    expect(watch.look(gpu({ fabricHealthDetails: { ...details, ...well } }))).toEqual([]);
  });
});
