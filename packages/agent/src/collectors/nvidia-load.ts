/** What a GPU is doing and how it is treated, as the document shows it: settings, fabric, temperature, power, clocks and the way to the host. */
import type { Reading } from '@trivet/shared/model/gpu.ts';
import type { SlowdownCounters, TemperatureLimits } from '@trivet/shared/model/nvidia.ts';
import {
  at,
  parseBytesPerSecond,
  parseCelsius,
  parseCount,
  parseFlag,
  parseHertz,
  parseMicroseconds,
  parsePerformanceState,
  parseRatio,
  parseWatts,
  parseWidth,
  textAt,
  textReading,
} from './nvidia-reading.ts';
import type { XmlElement } from './nvidia-xml.ts';

function words(gpu: XmlElement, path: string): Reading<string> {
  return textReading(textAt(gpu, path));
}

export function condition(gpu: XmlElement) {
  return {
    recoveryAction: words(gpu, 'gpu_recovery_action'),
    resetRequired: at(gpu, parseFlag, 'gpu_reset_status/reset_required'),
    drainAndResetRecommended: at(gpu, parseFlag, 'gpu_reset_status/drain_and_reset_recommended'),
    eccModeCurrent: at(gpu, parseFlag, 'ecc_mode/current_ecc'),
    eccModePending: at(gpu, parseFlag, 'ecc_mode/pending_ecc'),
    persistenceMode: at(gpu, parseFlag, 'persistence_mode'),
    vgpuLicense: words(gpu, 'vgpu_software_licensed_product/license_status'),
    inforomImage: words(gpu, 'inforom_version/img_version'),
    migMode: at(gpu, parseFlag, 'mig_mode/current_mig'),
    migModePending: at(gpu, parseFlag, 'mig_mode/pending_mig'),
  };
}

export function fabric(gpu: XmlElement) {
  const health = 'fabric/health';
  return {
    fabricState: words(gpu, 'fabric/state'),
    fabricStatus: words(gpu, 'fabric/status'),
    fabricHealth: words(gpu, `${health}/summary`),
    fabricHealthDetails: {
      bandwidth: words(gpu, `${health}/bandwidth`),
      routeUnhealthy: at(gpu, parseFlag, `${health}/route_unhealthy`),
      routeRecoveryInProgress: at(gpu, parseFlag, `${health}/route_recovery_in_progress`),
      accessTimeoutRecovery: at(gpu, parseFlag, `${health}/access_timeout_recovery`),
      incorrectConfiguration: words(gpu, `${health}/incorrect_configuration`),
    },
    fabricClusterUuid: words(gpu, 'fabric/clusterUuid'),
    fabricCliqueId: words(gpu, 'fabric/cliqueId'),
  };
}

/** Boards before Ada give limits in degrees, those after as margins; the set that a board does not use is absent. */
export function temperatures(gpu: XmlElement) {
  return {
    temperatureCelsius: at(gpu, parseCelsius, 'temperature/gpu_temp'),
    memoryTemperatureCelsius: at(gpu, parseCelsius, 'temperature/memory_temp'),
    temperatureMarginCelsius: at(gpu, parseCelsius, 'temperature/gpu_temp_tlimit'),
    temperatureTargetCelsius: at(gpu, parseCelsius, 'temperature/gpu_target_temperature'),
    temperatureLimitsCelsius: limits(gpu, 'threshold'),
    temperatureLimitMarginsCelsius: limits(gpu, 'tlimit_threshold'),
  };
}

function limits(gpu: XmlElement, kind: string): TemperatureLimits {
  const limit = (name: string): Reading<number> => at(gpu, parseCelsius, `temperature/gpu_temp_${name}_${kind}`);
  return {
    shutdown: limit('max'),
    slowdown: limit('slow'),
    gpuMax: limit('max_gpu'),
    memoryMax: limit('max_mem'),
  };
}

/** `gpu_power_readings` since driver 535, with the draw split into `instant` and `average` since 570; `power_readings` before. */
export function power(gpu: XmlElement) {
  const watts = (...paths: readonly string[]): Reading<number> => at(gpu, parseWatts, ...paths);
  const draws = (folder: string) =>
    ['power_draw', 'instant_power_draw', 'average_power_draw'].map((name) => `${folder}/${name}`);
  return {
    powerWatts: watts(...draws('gpu_power_readings'), 'power_readings/power_draw'),
    powerLimitWatts: watts(
      'gpu_power_readings/current_power_limit',
      'power_readings/enforced_power_limit',
      'power_readings/power_limit',
    ),
    memoryPowerWatts: watts(...draws('gpu_memory_power_readings')),
    modulePowerWatts: watts(...draws('module_power_readings')),
    modulePowerLimitWatts: watts('module_power_readings/current_power_limit'),
    performanceState: at(gpu, parsePerformanceState, 'performance_state'),
    fanRatio: at(gpu, parseRatio, 'fan_speed'),
  };
}

export function utilization(gpu: XmlElement) {
  const ratio = (name: string): Reading<number> => at(gpu, parseRatio, `utilization/${name}`);
  return {
    utilizationRatio: ratio('gpu_util'),
    memoryUtilizationRatio: ratio('memory_util'),
    encoderUtilizationRatio: ratio('encoder_util'),
    decoderUtilizationRatio: ratio('decoder_util'),
  };
}

/** `clocks_event_reasons` since driver 535, `clocks_throttle_reasons` before. */
export function clocks(gpu: XmlElement) {
  const hertz = (path: string): Reading<number> => at(gpu, parseHertz, path);
  const reason = (name: string): Reading<boolean> =>
    at(
      gpu,
      parseFlag,
      `clocks_event_reasons/clocks_event_reason_${name}`,
      `clocks_throttle_reasons/clocks_throttle_reason_${name}`,
    );
  return {
    clockGraphicsHertz: hertz('clocks/graphics_clock'),
    clockSmHertz: hertz('clocks/sm_clock'),
    clockMemoryHertz: hertz('clocks/mem_clock'),
    clockVideoHertz: hertz('clocks/video_clock'),
    clockGraphicsMaxHertz: hertz('max_clocks/graphics_clock'),
    clockSmMaxHertz: hertz('max_clocks/sm_clock'),
    clockMemoryMaxHertz: hertz('max_clocks/mem_clock'),
    clockVideoMaxHertz: hertz('max_clocks/video_clock'),
    hwSlowdown: reason('hw_slowdown'),
    hwThermalSlowdown: reason('hw_thermal_slowdown'),
    hwPowerBrake: reason('hw_power_brake_slowdown'),
    swThermalSlowdown: reason('sw_thermal_slowdown'),
    swPowerCap: reason('sw_power_cap'),
    clocksIdle: reason('gpu_idle'),
    slowdown: slowdownCounters(gpu),
  };
}

function slowdownCounters(gpu: XmlElement): SlowdownCounters {
  const folder = 'clocks_event_reasons_counters';
  const counter = (name: string): Reading<number> => at(gpu, parseMicroseconds, `${folder}/${folder}_${name}`);
  return {
    swPowerCapUs: counter('sw_power_cap'),
    syncBoostUs: counter('sync_boost'),
    swThermalUs: counter('sw_therm_slowdown'),
    hwThermalUs: counter('hw_therm_slowdown'),
    hwPowerBrakeUs: counter('hw_power_brake'),
  };
}

export function pcie(gpu: XmlElement) {
  const link = 'pci/pci_gpu_link_info';
  return {
    pcieReplayTotal: at(gpu, parseCount, 'pci/replay_counter'),
    pcieReplayRollovers: at(gpu, parseCount, 'pci/replay_rollover_counter'),
    pcieLinkWidth: at(gpu, parseWidth, `${link}/link_widths/current_link_width`),
    pcieLinkWidthMax: at(gpu, parseWidth, `${link}/link_widths/max_link_width`),
    pcieLinkGen: at(gpu, parseCount, `${link}/pcie_gen/current_link_gen`),
    pcieLinkGenMax: at(gpu, parseCount, `${link}/pcie_gen/max_link_gen`),
    pcieLinkGenMaxDevice: at(gpu, parseCount, `${link}/pcie_gen/max_device_link_gen`),
    pcieLinkGenMaxHost: at(gpu, parseCount, `${link}/pcie_gen/max_host_link_gen`),
    pcieTxBytesPerSecond: at(gpu, parseBytesPerSecond, 'pci/tx_util'),
    pcieRxBytesPerSecond: at(gpu, parseBytesPerSecond, 'pci/rx_util'),
  };
}
