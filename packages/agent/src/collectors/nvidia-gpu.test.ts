/** Every reading, in the layouts of older and newer boards and drivers and of a divided GPU. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ABSENT, NOT_AVAILABLE } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { describe, expect, it } from 'vitest';
import { toSample } from './nvidia-sample.ts';
import { readXml } from './nvidia-xml.ts';

const FIXTURES = join(import.meta.dirname, '../../../../test/fixtures/nvidia-smi');
const MIB = 1024 * 1024;

function gpuOf(file: string): NvidiaGpu {
  const xml = readXml(readFileSync(join(FIXTURES, file), 'utf8'));
  if (xml.kind !== 'document') throw new Error(`${file}: ${xml.reason}`);
  const gpu = toSample(xml.root).gpus[0];
  if (gpu === undefined) throw new Error(`${file}: no GPU`);
  return gpu;
}

describe('toGpu', () => {
  it('reads the layout of older boards and drivers', () => {
    expect(gpuOf('old-layout.xml')).toMatchObject({
      vendor: 'nvidia',
      uuid: 'GPU-0a0a0a0a-1111-4222-8333-444444444444',
      pciBusId: '1580:3b:00.0',
      serial: '0320000000001',
      model: 'Tesla V100-SXM2-32GB',
      minorNumber: 3,
      vbios: '88.00.00.00.01',
      errorTexts: [],
      recoveryAction: { unknown: ABSENT },
      resetRequired: { unknown: ABSENT },
      drainAndResetRecommended: { unknown: ABSENT },
      eccModeCurrent: { value: true },
      eccModePending: { value: false },
      eccVolatile: {
        dramCorrectable: { value: 7 },
        dramUncorrectable: { value: 3 },
        sramCorrectable: { value: 3 },
        sramUncorrectable: { value: 5 },
      },
      eccAggregate: {
        dramCorrectable: { value: 70 },
        dramUncorrectable: { value: 30 },
        sramCorrectable: { unknown: ABSENT },
        sramUncorrectable: { unknown: ABSENT },
      },
      sramThresholdExceeded: { unknown: ABSENT },
      channelRepairPending: { unknown: ABSENT },
      tpcRepairPending: { unknown: ABSENT },
      unrepairableMemory: { unknown: ABSENT },
      remappedRowsCorrectable: { unknown: NOT_AVAILABLE },
      remappedRowsUncorrectable: { unknown: NOT_AVAILABLE },
      remapPending: { unknown: NOT_AVAILABLE },
      remapFailure: { unknown: NOT_AVAILABLE },
      retiredPagesSingleBit: { value: 5 },
      retiredPagesDoubleBit: { value: 2 },
      retirementPending: { value: true },
      fabricState: { unknown: ABSENT },
      fabricStatus: { unknown: ABSENT },
      fabricHealth: { unknown: ABSENT },
      persistenceMode: { value: false },
      migMode: { unknown: ABSENT },
      temperatureCelsius: { value: 41 },
      memoryTemperatureCelsius: { value: 39 },
      powerWatts: { value: 56.25 },
      powerLimitWatts: { value: 250 },
      utilizationRatio: { value: 0.37 },
      memoryUtilizationRatio: { value: 0.02 },
      memoryTotalBytes: { value: 32_510 * MIB },
      memoryUsedBytes: { value: 10 * MIB },
      memoryReservedBytes: { unknown: ABSENT },
      memoryFreeBytes: { value: 32_500 * MIB },
      clockSmHertz: { value: 1_290_000_000 },
      clockMemoryHertz: { value: 877_000_000 },
      pcieReplayTotal: { value: 12 },
      pcieLinkWidth: { value: 8 },
      pcieLinkWidthMax: { value: 16 },
      pcieLinkGen: { value: 1 },
      pcieLinkGenMax: { value: 3 },
      hwSlowdown: { value: true },
      hwThermalSlowdown: { value: false },
      hwPowerBrake: { unknown: NOT_AVAILABLE },
      swThermalSlowdown: { unknown: ABSENT },
    });
  });

  it('reads counters of MIG devices, containers that are text, and tells three kinds of unknown apart', () => {
    expect(gpuOf('mig.xml')).toMatchObject({
      serial: null,
      minorNumber: null,
      migMode: { value: true },
      // Only a core reading's text counts: `Unknown Error` and `Insufficient Permissions` elsewhere occur on healthy boards.
      errorTexts: ['clocks/sm_clock: Unknown Error', 'clocks/mem_clock: fast'],
      clockSmHertz: { unknown: 'Unknown Error' },
      clockMemoryHertz: { unknown: 'fast' },
      resetRequired: { unknown: NOT_AVAILABLE },
      drainAndResetRecommended: { value: false },
      utilizationRatio: { unknown: NOT_AVAILABLE },
      memoryUtilizationRatio: { unknown: NOT_AVAILABLE },
      hwSlowdown: { unknown: NOT_AVAILABLE },
      memoryTotalBytes: { value: 81_920 * MIB },
      powerWatts: { value: 66.84 },
      eccVolatile: { sramUncorrectable: { value: 3 }, dramUncorrectable: { unknown: NOT_AVAILABLE } },
      eccAggregate: { sramUncorrectable: { value: 3 }, dramUncorrectable: { value: 0 } },
      remapPending: { value: true },
      remapFailure: { value: false },
      migDevices: [
        {
          index: 0,
          uuid: null,
          memoryTotalBytes: { value: MIB },
          memoryUsedBytes: { unknown: ABSENT },
          sramUncorrectable: { value: 1 },
        },
        { index: 1, memoryTotalBytes: { unknown: ABSENT }, sramUncorrectable: { value: 2 } },
      ],
    });
  });

  it('reads the layout of newer boards and drivers', () => {
    expect(gpuOf('new-layout.xml')).toMatchObject({
      pciBusId: '0008:02:00.0',
      gspFirmware: '595.10.01',
      architecture: 'Blackwell',
      errorTexts: [],
      eccVolatile: { sramCorrectable: { value: 1 }, sramUncorrectable: { value: 5 } },
      sramSources: {
        l2: { value: 1 },
        sm: { value: 2 },
        microcontroller: { value: 3 },
        pcie: { value: 4 },
        other: { unknown: NOT_AVAILABLE },
      },
      remappedRowsCorrectable: { value: 1 },
      remappedRowsCorrectableInactive: { value: 2 },
      remappedRowsUncorrectable: { value: 3 },
      remappedRowsUncorrectableInactive: { value: 4 },
      remapBanks: {
        max: { value: 3834 },
        high: { value: 3 },
        partial: { value: 2 },
        low: { value: 1 },
        none: { value: 0 },
      },
      vgpuLicense: { value: 'Unlicensed' },
      inforomImage: { unknown: 'Corrupted infoROM' },
      migMode: { value: false },
      migModePending: { value: true },
      migDevices: [],
    });
  });

  it('reads what newer boards and drivers say of fabric, power, temperature, clocks and the way to the host', () => {
    expect(gpuOf('new-layout.xml')).toMatchObject({
      fabricHealth: { value: 'Limited Capacity' },
      fabricHealthDetails: {
        bandwidth: { value: 'Degraded' },
        routeUnhealthy: { value: true },
        routeRecoveryInProgress: { value: false },
        accessTimeoutRecovery: { unknown: NOT_AVAILABLE },
        incorrectConfiguration: { value: 'None' },
      },
      fabricClusterUuid: { value: '00000001-0000-0000-0000-000000000001' },
      fabricCliqueId: { value: '2' },
      temperatureMarginCelsius: { value: -1 },
      temperatureTargetCelsius: { value: 84 },
      temperatureLimitsCelsius: { shutdown: { unknown: ABSENT }, slowdown: { unknown: ABSENT } },
      temperatureLimitMarginsCelsius: {
        shutdown: { value: -5 },
        slowdown: { value: -3 },
        gpuMax: { value: 0 },
        memoryMax: { value: 0 },
      },
      powerWatts: { value: 911.5 },
      memoryPowerWatts: { value: 22.33 },
      modulePowerWatts: { value: 1467.68 },
      modulePowerLimitWatts: { value: 2500 },
      performanceState: { value: 12 },
      fanRatio: { value: 0.43 },
      encoderUtilizationRatio: { value: 0.03 },
      decoderUtilizationRatio: { value: 0.05 },
      clockGraphicsHertz: { value: 1_000_000_000 },
      clockSmHertz: { value: 1_001_000_000 },
      clockMemoryHertz: { value: 1_002_000_000 },
      clockVideoHertz: { value: 1_003_000_000 },
      clockGraphicsMaxHertz: { value: 2_000_000_000 },
      clockSmMaxHertz: { value: 2_001_000_000 },
      clockMemoryMaxHertz: { value: 2_002_000_000 },
      clockVideoMaxHertz: { value: 2_003_000_000 },
      pcieReplayTotal: { value: 65_535 },
      pcieReplayRollovers: { value: 2 },
      pcieLinkGenMaxDevice: { value: 6 },
      pcieLinkGenMaxHost: { value: 5 },
      pcieTxBytesPerSecond: { value: 833_000 },
      pcieRxBytesPerSecond: { value: 12_000 },
      swPowerCap: { value: true },
      clocksIdle: { value: false },
      slowdown: {
        swPowerCapUs: { value: 1_234_567_890 },
        syncBoostUs: { value: 0 },
        swThermalUs: { value: 33 },
        hwThermalUs: { value: 44 },
        hwPowerBrakeUs: { unknown: NOT_AVAILABLE },
      },
    });
  });
});
