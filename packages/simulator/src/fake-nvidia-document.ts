/**
 * The XML document of the fake nvidia-smi: our own text, with the element names and the order of the real tool's documents
 * of drivers 535 to 580. Only what is asked for by our collector, and its neighbours, is printed.
 */
import { activity, errors, load } from './fake-nvidia-sections.ts';
import type { FakeGpu, FakeGpuWorld } from './fake-nvidia-smi.ts';
import { element, flag } from './fake-nvidia-xml.ts';
import { NVML_ERRORS } from './fake-nvml-errors.ts';

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
  const { text } = NVML_ERRORS[gpu.error ?? 'lost'];
  if (gpu.access === 'pci-info-lost') return element('error_string', text);
  const first = [...identity(gpu, world), ...condition(gpu, majorOf(world))];
  const rest = [...activity(gpu), ...errors(gpu), ...load(gpu), ...tables(world.isFullSize === true)];
  const lose = (section: string): string => fail(section, text);
  const early = gpu.access === 'fields-lost' ? first.map(lose) : first;
  const late = gpu.access === 'fields-lost' || gpu.access === 'lost-mid-run' ? rest.map(lose) : rest;
  return element('gpu', [element('pci', pci(gpu)), ...early, ...late]).replace('<gpu>', `<gpu id="${longBusId(gpu)}">`);
}

const OLD_COUNTS = ['device_memory', 'register_file', 'l1_cache', 'l2_cache', 'total'].map((name) =>
  element(name, 'N/A'),
);
const OLD_BITS = ['single_bit', 'double_bit'].map((bits) => element(bits, OLD_COUNTS));
const OLD_ECC = element(
  'ecc_errors',
  ['volatile', 'aggregate'].map((lifetime) => element(lifetime, OLD_BITS)),
);

/** Every text the error, the containers that the real tool turns into text, and the ECC layout of old boards in place of the new. */
function fail(section: string, text: string): string {
  return section
    .replace(/<(remapped_rows|clocks_event_reasons|supported_clocks)>[^]*<\/\1>/, `<$1>${text}</$1>`)
    .replaceAll(/>[^<>\n]+</g, `>${text}<`)
    .replace(/<ecc_errors>[^]*<\/ecc_errors>/, OLD_ECC);
}

/** The real tool prints an 8-digit domain. */
function longBusId({ pciBusId }: FakeGpu): string {
  return `0000${pciBusId}`.toUpperCase();
}

function majorOf({ driverVersion }: FakeGpuWorld): number {
  return Number.parseInt(driverVersion, 10);
}

function migDevice(index: number): string {
  return element('mig_device', [
    element('index', index),
    element('gpu_instance_id', index + 7),
    element('compute_instance_id', 0),
    element('ecc_error_count', [element('volatile_count', [element('sram_uncorrectable', 0)])]),
    element('fb_memory_usage', [element('total', '9984 MiB'), element('used', '15 MiB'), element('free', '9969 MiB')]),
  ]);
}

function identity(gpu: FakeGpu, { driverVersion }: FakeGpuWorld): string[] {
  const isDivided = (gpu.migDevices ?? 0) > 0;
  const mig = isDivided ? 'Enabled' : 'Disabled';
  return [
    element('product_name', gpu.model),
    element('product_architecture', 'Hopper'),
    element('persistence_mode', gpu.persistenceOff === true ? 'Disabled' : 'Enabled'),
    element('addressing_mode', 'None'),
    element('mig_mode', [element('current_mig', mig), element('pending_mig', mig)]),
    element(
      'mig_devices',
      isDivided ? Array.from({ length: gpu.migDevices ?? 0 }, (_, index) => migDevice(index)) : 'None',
    ),
    element('serial', gpu.serial),
    element('uuid', gpu.uuid),
    element('minor_number', gpu.minorNumber ?? 0),
    element('vbios_version', '96.00.00.00.01'),
    element('inforom_version', [element('img_version', 'G520.0200.00.05')]),
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
  const generation = [element('max_link_gen', 5), element('current_link_gen', 5), element('max_device_link_gen', 5)];
  const widths = [element('max_link_width', '16x'), element('current_link_width', `${gpu.pcieLinkWidth ?? 16}x`)];
  return [
    element('pci_bus_id', longBusId(gpu)),
    element('pci_gpu_link_info', [element('pcie_gen', generation), element('link_widths', widths)]),
    element('replay_counter', gpu.pcieReplays ?? 0),
    element('replay_rollover_counter', 0),
    element('tx_util', '450 KB/s'),
    element('rx_util', '320 KB/s'),
  ];
}

/** A table of clocks and a list of processes: three quarters of a real document. */
function tables(isFullSize: boolean): string[] {
  if (!isFullSize) return [element('processes', [])];
  const clocks = Array.from({ length: 494 }, (_, step) =>
    element('supported_graphics_clock', `${1965 - step * 3} MHz`),
  );
  const processes = Array.from({ length: 8 }, (_, index) =>
    element('process_info', [
      element('pid', 4711 + index),
      element('type', 'C'),
      element('process_name', `/usr/bin/python3 -m job --rank ${index}`),
      element('used_memory', '1024 MiB'),
    ]),
  );
  return [
    element('supported_clocks', [element('supported_mem_clock', [element('value', '3996 MHz'), ...clocks])]),
    element('processes', processes),
  ];
}
