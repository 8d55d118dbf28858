/** The shape of `model/amd.ts` as it travels in a report. */
import { z } from 'zod';
import { AMD_THROTTLE_CAUSES } from '../model/amd.ts';
import { AMD_BLOCKS_MAX, GPUS_MAX } from './limits.ts';
import { booleanReading, count, id, name, numberReading, text, textReading } from './primitives.ts';

const errorCounts = { correctable: numberReading, uncorrectable: numberReading, deferred: numberReading };

const amdGpu = z.object({
  vendor: z.literal('amd'),
  uuid: name,
  pciBusId: name,
  serial: name,
  model: name,
  vbios: name,
  partitions: z
    .array(z.object({ index: count, partitionId: count.nullable() }))
    .max(GPUS_MAX)
    .readonly(),
  computePartition: textReading,
  memoryPartition: textReading,
  errorTexts: z.array(text).max(256).readonly(),
  eccMode: booleanReading,
  eccTotal: z.object(errorCounts),
  ras: z
    .array(z.object({ block: id, ...errorCounts }))
    .max(AMD_BLOCKS_MAX)
    .readonly(),
  implausible: z.array(text).max(256).readonly(),
  badPagesRetired: numberReading,
  badPagesPending: numberReading,
  badPagesUnreservable: numberReading,
  badPageThreshold: numberReading,
  badPageThresholdExceeded: booleanReading,
  edgeCelsius: numberReading,
  hotspotCelsius: numberReading,
  memoryCelsius: numberReading,
  edgeSlowdownCelsius: numberReading,
  hotspotSlowdownCelsius: numberReading,
  memorySlowdownCelsius: numberReading,
  edgeShutdownCelsius: numberReading,
  hotspotShutdownCelsius: numberReading,
  memoryShutdownCelsius: numberReading,
  powerWatts: numberReading,
  powerLimitWatts: numberReading,
  energyJoules: numberReading,
  utilizationRatio: numberReading,
  memoryUtilizationRatio: numberReading,
  memoryTotalBytes: numberReading,
  memoryUsedBytes: numberReading,
  memoryFreeBytes: numberReading,
  clockGfxHertz: numberReading,
  clockMemoryHertz: numberReading,
  pcieLinkWidth: numberReading,
  pcieLinkWidthMax: numberReading,
  pcieTransfersPerSecond: numberReading,
  pcieTransfersPerSecondMax: numberReading,
  pcieBytesPerSecond: numberReading,
  pcieReplayTotal: numberReading,
  pcieReplayRolloverTotal: numberReading,
  pcieNakSentTotal: numberReading,
  pcieNakReceivedTotal: numberReading,
  pcieRecoveryTotal: numberReading,
  throttled: booleanReading,
  throttles: z
    .array(z.object({ cause: z.enum(AMD_THROTTLE_CAUSES), active: booleanReading, accumulated: numberReading }))
    .max(AMD_THROTTLE_CAUSES.length)
    .readonly(),
  xgmiErrors: numberReading,
  xgmiLinksUp: numberReading,
  xgmiLinksDown: numberReading,
  fanRatio: numberReading,
  performanceLevel: textReading,
});

export const amdSample = z.object({
  tool: z.enum(['amd-smi', 'rocm-smi']),
  driverVersion: name,
  gpus: z.array(amdGpu).max(GPUS_MAX).readonly(),
});
