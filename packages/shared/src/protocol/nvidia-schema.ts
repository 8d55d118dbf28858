/** An NVIDIA sample as it travels in a report (`model/gpu.ts`, `model/nvidia.ts`). */
import { z } from 'zod';
import { MIG_DEVICES_MAX, GPUS_MAX, ID_MAX } from './limits.ts';
import { booleanReading, count, id, name, numberReading, text, textReading } from './primitives.ts';

const eccCounts = z.object({
  dramCorrectable: numberReading,
  dramUncorrectable: numberReading,
  sramCorrectable: numberReading,
  sramUncorrectable: numberReading,
});

const sramSources = z.object({
  l2: numberReading,
  sm: numberReading,
  microcontroller: numberReading,
  pcie: numberReading,
  other: numberReading,
});

const remapBanks = z.object({
  max: numberReading,
  high: numberReading,
  partial: numberReading,
  low: numberReading,
  none: numberReading,
});

const slowdown = z.object({
  swPowerCapUs: numberReading,
  syncBoostUs: numberReading,
  swThermalUs: numberReading,
  hwThermalUs: numberReading,
  hwPowerBrakeUs: numberReading,
});

const temperatureLimits = z.object({
  shutdown: numberReading,
  slowdown: numberReading,
  gpuMax: numberReading,
  memoryMax: numberReading,
});

const fabricHealthDetails = z.object({
  bandwidth: textReading,
  routeUnhealthy: booleanReading,
  routeRecoveryInProgress: booleanReading,
  accessTimeoutRecovery: booleanReading,
  incorrectConfiguration: textReading,
});

const migDevice = z.object({
  index: count.nullable(),
  gpuInstanceId: count.nullable(),
  computeInstanceId: count.nullable(),
  uuid: name,
  profile: name,
  memoryTotalBytes: numberReading,
  memoryUsedBytes: numberReading,
  sramUncorrectable: numberReading,
});

const nvidiaGpu = z.object({
  vendor: z.literal('nvidia'),
  uuid: name,
  pciBusId: name,
  serial: name,
  model: name,
  minorNumber: count.nullable(),
  vbios: name,
  gspFirmware: name,
  architecture: name,
  errorTexts: z.array(text).max(256).readonly(),
  recoveryAction: textReading,
  resetRequired: booleanReading,
  drainAndResetRecommended: booleanReading,
  eccModeCurrent: booleanReading,
  eccModePending: booleanReading,
  eccVolatile: eccCounts,
  eccAggregate: eccCounts,
  sramSources,
  sramThresholdExceeded: booleanReading,
  channelRepairPending: booleanReading,
  tpcRepairPending: booleanReading,
  unrepairableMemory: booleanReading,
  remappedRowsCorrectable: numberReading,
  remappedRowsUncorrectable: numberReading,
  remappedRowsCorrectableInactive: numberReading,
  remappedRowsUncorrectableInactive: numberReading,
  remapPending: booleanReading,
  remapFailure: booleanReading,
  remapBanks,
  retiredPagesSingleBit: numberReading,
  retiredPagesDoubleBit: numberReading,
  retirementPending: booleanReading,
  fabricState: textReading,
  fabricStatus: textReading,
  fabricHealth: textReading,
  fabricHealthDetails,
  fabricClusterUuid: textReading,
  fabricCliqueId: textReading,
  persistenceMode: booleanReading,
  vgpuLicense: textReading,
  inforomImage: textReading,
  migMode: booleanReading,
  migModePending: booleanReading,
  migDevices: z.array(migDevice).max(MIG_DEVICES_MAX).readonly(),
  temperatureCelsius: numberReading,
  memoryTemperatureCelsius: numberReading,
  temperatureMarginCelsius: numberReading,
  temperatureTargetCelsius: numberReading,
  temperatureLimitsCelsius: temperatureLimits,
  temperatureLimitMarginsCelsius: temperatureLimits,
  powerWatts: numberReading,
  powerLimitWatts: numberReading,
  memoryPowerWatts: numberReading,
  modulePowerWatts: numberReading,
  modulePowerLimitWatts: numberReading,
  performanceState: numberReading,
  fanRatio: numberReading,
  utilizationRatio: numberReading,
  memoryUtilizationRatio: numberReading,
  encoderUtilizationRatio: numberReading,
  decoderUtilizationRatio: numberReading,
  memoryTotalBytes: numberReading,
  memoryUsedBytes: numberReading,
  memoryReservedBytes: numberReading,
  memoryFreeBytes: numberReading,
  clockGraphicsHertz: numberReading,
  clockSmHertz: numberReading,
  clockMemoryHertz: numberReading,
  clockVideoHertz: numberReading,
  clockGraphicsMaxHertz: numberReading,
  clockSmMaxHertz: numberReading,
  clockMemoryMaxHertz: numberReading,
  clockVideoMaxHertz: numberReading,
  pcieReplayTotal: numberReading,
  pcieReplayRollovers: numberReading,
  pcieLinkWidth: numberReading,
  pcieLinkWidthMax: numberReading,
  pcieLinkGen: numberReading,
  pcieLinkGenMax: numberReading,
  pcieLinkGenMaxDevice: numberReading,
  pcieLinkGenMaxHost: numberReading,
  pcieTxBytesPerSecond: numberReading,
  pcieRxBytesPerSecond: numberReading,
  hwSlowdown: booleanReading,
  hwThermalSlowdown: booleanReading,
  hwPowerBrake: booleanReading,
  swThermalSlowdown: booleanReading,
  swPowerCap: booleanReading,
  clocksIdle: booleanReading,
  slowdown,
});

const lostGpu = z.object({
  name: z.string().max(ID_MAX),
  pciBusId: name,
  uuid: name,
  kind: z.enum(['lost', 'unreachable']),
  text,
});

const listedGpu = z.object({ uuid: id, model: z.string().max(ID_MAX) });

export const nvidiaSample = z.object({
  driverVersion: name,
  cudaVersion: name,
  attachedGpus: count.nullable(),
  gpus: z.array(nvidiaGpu).max(GPUS_MAX).readonly(),
  lost: z.array(lostGpu).max(GPUS_MAX).readonly(),
  listed: z.array(listedGpu).max(GPUS_MAX).readonly().exactOptional(),
  inforomCorrupted: z.array(id).max(GPUS_MAX).readonly().exactOptional(),
});
