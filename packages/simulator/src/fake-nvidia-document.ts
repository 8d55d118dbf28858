/**
 * The XML document of the fake nvidia-smi: our own text, with the element names and the order of the real tool's documents
 * of drivers 535 to 580. Only what is asked for by our collector, and its neighbours, is printed.
 */
import type { FakeGpu, FakeGpuWorld } from './fake-nvidia-smi.ts';

const LOST = 'GPU is lost';

/** One element a line, as the real tool prints. */
function element(name: string, content: string | number | readonly string[]): string {
  if (typeof content === 'string' || typeof content === 'number')
    return `<${name}>${escape(String(content))}</${name}>`;
  return [`<${name}>`, ...content.map((line) => line.replaceAll(/^/gm, '\t')), `</${name}>`].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function flag(value: boolean | undefined): string {
  return value === true ? 'Yes' : 'No';
}

function active(value: boolean | undefined): string {
  return value === true ? 'Active' : 'Not Active';
}

export function fakeDocument(world: FakeGpuWorld): string {
  const gpus = world.gpus.filter(({ access }) => access !== 'no-permission');
  const root = element('nvidia_smi_log', [
    element('timestamp', 'Fri Nov 20 17:00:00 2026'),
    element('driver_version', world.driverVersion),
    element('cuda_version', world.cudaVersion),
    element('attached_gpus', world.gpus.length),
    ...gpus.map((gpu) => gpuElement(gpu, world)),
  ]);
  return `<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v13.dtd">\n${root}\n`;
}

function gpuElement(gpu: FakeGpu, world: FakeGpuWorld): string {
  if (gpu.access === 'pci-info-lost') return element('error_string', LOST);
  const first = [...identity(gpu, world), ...condition(gpu, majorOf(world))];
  const rest = [...memory(gpu), ...errors(gpu), ...load(gpu), element('processes', [])];
  const early = gpu.access === 'fields-lost' ? first.map(lose) : first;
  const late = gpu.access === 'fields-lost' || gpu.access === 'lost-mid-run' ? rest.map(lose) : rest;
  return element('gpu', [element('pci', pci(gpu)), ...early, ...late]).replace('<gpu>', `<gpu id="${longBusId(gpu)}">`);
}

/** Every text an error, and the containers that the real tool turns into text, too. */
function lose(text: string): string {
  return text
    .replace(/<(remapped_rows|clocks_event_reasons)>[^]*<\/\1>/, `<$1>${LOST}</$1>`)
    .replaceAll(/>[^<>\n]+</g, `>${LOST}<`);
}

/** The real tool prints an 8-digit domain. */
function longBusId({ pciBusId }: FakeGpu): string {
  return `0000${pciBusId}`.toUpperCase();
}

function majorOf({ driverVersion }: FakeGpuWorld): number {
  return Number.parseInt(driverVersion, 10);
}

function identity(gpu: FakeGpu, { driverVersion }: FakeGpuWorld): string[] {
  return [
    element('product_name', gpu.model),
    element('persistence_mode', 'Enabled'),
    element('addressing_mode', 'None'),
    element('mig_mode', [element('current_mig', 'Disabled'), element('pending_mig', 'Disabled')]),
    element('mig_devices', 'None'),
    element('serial', gpu.serial),
    element('uuid', gpu.uuid),
    element('minor_number', gpu.minorNumber ?? 0),
    element('vbios_version', '96.00.00.00.01'),
    element('gsp_firmware_version', driverVersion),
  ];
}

function condition(gpu: FakeGpu, major: number): string[] {
  // Drivers from 570 say what they want done; those before said only whether a reset is needed.
  if (major >= 570)
    return [element('gpu_recovery_action', gpu.recoveryAction ?? (gpu.resetRequired === true ? 'Reset' : 'None'))];
  return [
    element('gpu_reset_status', [
      element('reset_required', flag(gpu.resetRequired)),
      element('drain_and_reset_recommended', flag(gpu.drainAndResetRecommended)),
    ]),
  ];
}

function pci(gpu: FakeGpu): string[] {
  const generation = [element('max_link_gen', 5), element('current_link_gen', 5)];
  const widths = [element('max_link_width', '16x'), element('current_link_width', `${gpu.pcieLinkWidth ?? 16}x`)];
  return [
    element('pci_bus_id', longBusId(gpu)),
    element('pci_gpu_link_info', [element('pcie_gen', generation), element('link_widths', widths)]),
    element('replay_counter', gpu.pcieReplays ?? 0),
  ];
}

function memory(gpu: FakeGpu): string[] {
  const total = 81_559;
  const reserved = 546;
  const used = Math.min(gpu.memoryUsedMib ?? 0, total - reserved);
  return [
    element('clocks_event_reasons', [
      element('clocks_event_reason_hw_slowdown', active(gpu.hwSlowdown)),
      element('clocks_event_reason_hw_thermal_slowdown', active(gpu.hwThermalSlowdown)),
      element('clocks_event_reason_hw_power_brake_slowdown', active(gpu.hwPowerBrake)),
      element('clocks_event_reason_sw_thermal_slowdown', active(gpu.swThermalSlowdown)),
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
    ]),
  ];
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

function errors(gpu: FakeGpu): string[] {
  const retired = (name: string, count: number | undefined): string =>
    element(name, [element('retired_count', count ?? 'N/A'), element('retired_pagelist', 'N/A')]);
  const pages = gpu.retiredPages;
  return [
    element('ecc_mode', [element('current_ecc', 'Enabled'), element('pending_ecc', 'Enabled')]),
    element('ecc_errors', [
      element('volatile', eccCounts(gpu)),
      element('aggregate', [...eccCounts(gpu), element('sram_threshold_exceeded', flag(gpu.sramThresholdExceeded))]),
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
    ]),
  ];
}

function load(gpu: FakeGpu): string[] {
  return [
    element('temperature', [
      element('gpu_temp', `${gpu.temperatureCelsius ?? 35} C`),
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
    element('fabric', [
      element('state', gpu.fabricState ?? 'Completed'),
      element('status', gpu.fabricStatus ?? 'Success'),
      element('health', [element('summary', gpu.fabricHealth ?? 'Healthy')]),
    ]),
  ];
}
