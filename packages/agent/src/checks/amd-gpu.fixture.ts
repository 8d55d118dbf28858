/** A healthy AMD board for tests, to be changed field by field. Values are ours, not captured. */
import type { AmdGpu, AmdSample } from '@trivet/shared/model/amd.ts';

const none = { unknown: 'not available' };
const zero = { value: 0 };
export const NO_ERRORS = { correctable: zero, uncorrectable: zero, deferred: zero };

const HEALTHY: AmdGpu = {
  vendor: 'amd',
  uuid: '10ff74a1-0000-1000-8000-000000000001',
  pciBusId: '0000:c1:00.0',
  serial: '692300000001',
  model: 'AMD Instinct MI300X',
  vbios: '113-M3000100-101',
  partitions: [{ index: 0, partitionId: 0 }],
  computePartition: { value: 'SPX' },
  memoryPartition: { value: 'NPS1' },
  errorTexts: [],
  eccMode: { value: true },
  eccTotal: NO_ERRORS,
  ras: ['UMC', 'GFX', 'XGMI_WAFL'].map((block) => ({ block, ...NO_ERRORS })),
  implausible: [],
  badPagesRetired: zero,
  badPagesPending: zero,
  badPagesUnreservable: zero,
  badPageThreshold: { value: 128 },
  badPageThresholdExceeded: none,
  edgeCelsius: none,
  hotspotCelsius: { value: 45 },
  memoryCelsius: { value: 40 },
  edgeSlowdownCelsius: none,
  hotspotSlowdownCelsius: { value: 100 },
  memorySlowdownCelsius: { value: 105 },
  edgeShutdownCelsius: none,
  hotspotShutdownCelsius: { value: 110 },
  memoryShutdownCelsius: { value: 115 },
  powerWatts: { value: 150 },
  powerLimitWatts: { value: 750 },
  energyJoules: { value: 1000 },
  utilizationRatio: zero,
  memoryUtilizationRatio: zero,
  memoryTotalBytes: { value: 206_141_652_992 },
  memoryUsedBytes: zero,
  memoryFreeBytes: { value: 206_141_652_992 },
  clockGfxHertz: { value: 132_000_000 },
  clockMemoryHertz: { value: 900_000_000 },
  pcieLinkWidth: { value: 16 },
  pcieLinkWidthMax: { value: 16 },
  pcieTransfersPerSecond: { value: 32e9 },
  pcieTransfersPerSecondMax: { value: 32e9 },
  pcieBytesPerSecond: zero,
  pcieReplayTotal: zero,
  pcieReplayRolloverTotal: zero,
  pcieNakSentTotal: zero,
  pcieNakReceivedTotal: zero,
  pcieRecoveryTotal: zero,
  throttled: none,
  throttles: [{ cause: 'processor-hot', active: { value: false }, accumulated: zero }],
  xgmiErrors: zero,
  xgmiLinksUp: { value: 7 },
  xgmiLinksDown: zero,
  fanRatio: none,
  performanceLevel: { value: 'auto' },
};

export function amdGpuFixture(over: Partial<AmdGpu> = {}): AmdGpu {
  return { ...HEALTHY, ...over };
}

export function amdSampleFixture(gpus: readonly AmdGpu[], over: Partial<AmdSample> = {}): AmdSample {
  return { tool: 'amd-smi', driverVersion: '6.12.12', gpus, ...over };
}
