/** A healthy data-centre GPU for tests, to be changed field by field. Values are ours, not captured. */
import type { NvidiaGpu, NvidiaSample } from '@trivet/shared/model/gpu.ts';

const none = { unknown: 'not available' };
const no = { value: false };
const zero = { value: 0 };
const counts = { dramCorrectable: zero, dramUncorrectable: zero, sramCorrectable: zero, sramUncorrectable: zero };

const HEALTHY: NvidiaGpu = {
  vendor: 'nvidia',
  uuid: 'GPU-00000000-0000-0000-0000-000000000001',
  pciBusId: '0000:1b:00.0',
  serial: '1650000000001',
  model: 'NVIDIA H100 80GB HBM3',
  minorNumber: 0,
  vbios: '96.00.74.00.01',
  errorTexts: [],
  recoveryAction: { value: 'None' },
  resetRequired: none,
  drainAndResetRecommended: none,
  eccModeCurrent: { value: true },
  eccModePending: { value: true },
  eccVolatile: counts,
  eccAggregate: counts,
  sramThresholdExceeded: no,
  channelRepairPending: no,
  tpcRepairPending: no,
  unrepairableMemory: none,
  remappedRowsCorrectable: zero,
  remappedRowsUncorrectable: zero,
  remapPending: no,
  remapFailure: no,
  retiredPagesSingleBit: none,
  retiredPagesDoubleBit: none,
  retirementPending: none,
  fabricState: { value: 'Completed' },
  fabricStatus: { value: 'Success' },
  fabricHealth: none,
  persistenceMode: { value: true },
  migMode: no,
  temperatureCelsius: { value: 40 },
  memoryTemperatureCelsius: { value: 45 },
  powerWatts: { value: 120 },
  powerLimitWatts: { value: 700 },
  utilizationRatio: zero,
  memoryUtilizationRatio: zero,
  memoryTotalBytes: { value: 85_520_809_984 },
  memoryUsedBytes: zero,
  memoryReservedBytes: zero,
  memoryFreeBytes: { value: 85_520_809_984 },
  clockSmHertz: { value: 1_980_000_000 },
  clockMemoryHertz: { value: 2_619_000_000 },
  pcieReplayTotal: zero,
  pcieLinkWidth: { value: 16 },
  pcieLinkWidthMax: { value: 16 },
  pcieLinkGen: { value: 5 },
  pcieLinkGenMax: { value: 5 },
  hwSlowdown: no,
  hwThermalSlowdown: no,
  hwPowerBrake: no,
  swThermalSlowdown: no,
};

export function gpuFixture(over: Partial<NvidiaGpu> = {}): NvidiaGpu {
  return { ...HEALTHY, ...over };
}

export function sampleFixture(gpus: readonly NvidiaGpu[], over: Partial<NvidiaSample> = {}): NvidiaSample {
  return { driverVersion: '570.158.01', cudaVersion: '12.8', attachedGpus: gpus.length, gpus, lost: [], ...over };
}
