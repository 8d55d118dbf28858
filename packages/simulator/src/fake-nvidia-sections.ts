/** What the fake nvidia-smi prints of what a GPU is doing, its errors and its load: the sections of a document, in the real tool's order. */
import type { FakeGpu } from './fake-nvidia-smi.ts';
import { active, element, flag } from './fake-nvidia-xml.ts';

export function activity(gpu: FakeGpu): string[] {
  const total = 81_559;
  const reserved = 546;
  const used = Math.min(gpu.memoryUsedMib ?? 0, total - reserved);
  const counter = (name: string, us: number | undefined): string =>
    element(`clocks_event_reasons_counters_${name}`, us === undefined ? 'N/A' : `${us} us`);
  return [
    element('fan_speed', 'N/A'),
    element('performance_state', 'P0'),
    element('clocks_event_reasons', [
      element('clocks_event_reason_gpu_idle', active(gpu.utilizationPercent === undefined)),
      element('clocks_event_reason_sw_power_cap', active(false)),
      element('clocks_event_reason_hw_slowdown', active(gpu.hwSlowdown)),
      element('clocks_event_reason_hw_thermal_slowdown', active(gpu.hwThermalSlowdown)),
      element('clocks_event_reason_hw_power_brake_slowdown', active(gpu.hwPowerBrake)),
      element('clocks_event_reason_sw_thermal_slowdown', active(gpu.swThermalSlowdown)),
    ]),
    element('clocks_event_reasons_counters', [
      counter('sw_power_cap', 0),
      counter('hw_therm_slowdown', gpu.hwThermalUs),
      counter('hw_power_brake', gpu.hwPowerBrakeUs),
    ]),
    element('fb_memory_usage', [
      element('total', `${total} MiB`),
      element('reserved', `${reserved} MiB`),
      element('used', `${used} MiB`),
      element('free', `${total - reserved - used} MiB`),
    ]),
    element('utilization', [
      element('gpu_util', `${gpu.utilizationPercent ?? 0} %`),
      element('memory_util', `${Math.floor((gpu.utilizationPercent ?? 0) / 2)} %`),
      element('encoder_util', '0 %'),
      element('decoder_util', '0 %'),
    ]),
  ];
}

const BANKS = 2560;

function histogram({ banks = {} }: FakeGpu): string[] {
  const { high = 0, low = 0, none = 0 } = banks;
  const counts = { max: BANKS - high - low - none, high, partial: 0, low, none };
  return Object.entries(counts).map(([left, count]) => element(`row_remapper_histogram_${left}`, `${count} bank(s)`));
}

function eccCounts(gpu: FakeGpu): string[] {
  return [
    element('sram_correctable', 0),
    element('sram_uncorrectable_parity', gpu.sramUncorrectable ?? 0),
    element('sram_uncorrectable_secded', 0),
    element('dram_correctable', gpu.dramCorrectable ?? 0),
    element('dram_uncorrectable', gpu.dramUncorrectable ?? 0),
  ];
}

export function errors(gpu: FakeGpu): string[] {
  const retired = (name: string, count: number | undefined): string =>
    element(name, [element('retired_count', count ?? 'N/A'), element('retired_pagelist', 'N/A')]);
  const pages = gpu.retiredPages;
  return [
    element('ecc_mode', [
      element('current_ecc', gpu.eccOff === true ? 'Disabled' : 'Enabled'),
      element('pending_ecc', gpu.eccOff === true || gpu.eccPendingOff === true ? 'Disabled' : 'Enabled'),
    ]),
    element('ecc_errors', [
      element('volatile', eccCounts(gpu)),
      element('aggregate', [...eccCounts(gpu), element('sram_threshold_exceeded', flag(gpu.sramThresholdExceeded))]),
      element(
        'aggregate_uncorrectable_sram_sources',
        ['l2', 'sm', 'microcontroller', 'pcie', 'other'].map((name) => element(`sram_${name}`, 0)),
      ),
      element('channel_repair_pending', flag(gpu.channelRepairPending)),
      element('tpc_repair_pending', flag(gpu.tpcRepairPending)),
      element('unrepairable_memory', flag(gpu.unrepairableMemory)),
    ]),
    element('retired_pages', [
      retired('multiple_single_bit_retirement', pages?.singleBit),
      retired('double_bit_retirement', pages?.doubleBit),
      element('pending_blacklist', pages === undefined ? 'N/A' : flag(pages.pending)),
      element('pending_retirement', pages === undefined ? 'N/A' : flag(pages.pending)),
    ]),
    element('remapped_rows', [
      element('remapped_row_corr', 0),
      element('remapped_row_unc', gpu.remappedRows ?? 0),
      element('remapped_row_pending', flag(gpu.remapPending)),
      element('remapped_row_failure', flag(gpu.remapFailure)),
      element('row_remapper_histogram', histogram(gpu)),
    ]),
  ];
}

export function load(gpu: FakeGpu): string[] {
  return [
    element('temperature', [
      element('gpu_temp', `${gpu.temperatureCelsius ?? 35} C`),
      element('gpu_temp_tlimit', `${gpu.temperatureMarginCelsius ?? 87 - (gpu.temperatureCelsius ?? 35)} C`),
      element('gpu_temp_max_tlimit_threshold', '-8 C'),
      element('gpu_temp_slow_tlimit_threshold', '-2 C'),
      element('gpu_temp_max_gpu_tlimit_threshold', '0 C'),
      element('memory_temp', `${(gpu.temperatureCelsius ?? 35) + 8} C`),
    ]),
    element('gpu_power_readings', [
      element('average_power_draw', `${(gpu.powerWatts ?? 75).toFixed(2)} W`),
      element('instant_power_draw', `${(gpu.powerWatts ?? 75).toFixed(2)} W`),
      element('current_power_limit', '700.00 W'),
    ]),
    element('clocks', [
      element('graphics_clock', '1980 MHz'),
      element('sm_clock', '1980 MHz'),
      element('mem_clock', '2619 MHz'),
    ]),
    element('max_clocks', [
      element('graphics_clock', '1980 MHz'),
      element('sm_clock', '1980 MHz'),
      element('mem_clock', '2619 MHz'),
    ]),
    element('fabric', [
      element('state', gpu.fabricState ?? 'Completed'),
      element('status', gpu.fabricStatus ?? 'Success'),
      element('cliqueId', 0),
      element('clusterUuid', '00000000-0000-0000-0000-000000000000'),
      element('health', [element('summary', gpu.fabricHealth ?? 'Healthy')]),
    ]),
  ];
}
