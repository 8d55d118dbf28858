/** A complete `nvidia-smi -q -x` document made an `NvidiaSample`: every reading by the presence of elements, never by DTD number. */
import { known, valueOf } from '@trivet/shared/model/gpu.ts';
import type { EccCounts, LostGpu, NvidiaGpu, NvidiaSample, Reading } from '@trivet/shared/model/gpu.ts';
import { GPUS_MAX, ID_MAX } from '@trivet/shared/protocol/limits.ts';
import {
  best,
  errorIn,
  parseBytes,
  parseCelsius,
  parseCount,
  parseFlag,
  parseHertz,
  parseRatio,
  parseWatts,
  parseWidth,
  read,
  sum,
  textAt,
  textReading,
} from './nvidia-reading.ts';
import type { TextAt } from './nvidia-reading.ts';
import { lostGpu, normaliseBusId } from './nvidia-list.ts';
import { child } from './nvidia-xml.ts';
import type { XmlElement } from './nvidia-xml.ts';

export function toSample(root: XmlElement): NvidiaSample {
  // More than a report may carry: `attachedGpus` then tells that some are missing.
  const elements = root.children.filter(({ name }) => name === 'gpu').slice(0, GPUS_MAX);
  return {
    driverVersion: identifier(textAt(root, 'driver_version')),
    cudaVersion: identifier(textAt(root, 'cuda_version')),
    attachedGpus: valueOf(read(textAt(root, 'attached_gpus'), parseCount)) ?? null,
    gpus: withoutSharedUuids(elements.filter((gpu) => child(gpu, 'error_string') === undefined).map(toGpu)),
    lost: [...errorStrings(root), ...elements.flatMap(errorStrings)].slice(0, GPUS_MAX),
  };
}

/** A UUID that two boards claim identifies neither: they keep their bus ids. (Serials may be shared: boards with several GPUs.) */
function withoutSharedUuids(gpus: readonly NvidiaGpu[]): NvidiaGpu[] {
  const isShared = ({ uuid }: NvidiaGpu): boolean =>
    uuid !== null && gpus.filter((gpu) => gpu.uuid === uuid).length > 1;
  return gpus.map((gpu) => (isShared(gpu) ? { ...gpu, uuid: null } : gpu));
}

/** Where even the PCI address of a GPU cannot be asked for, the tool prints an `<error_string>` in place of that GPU. */
function errorStrings(parent: XmlElement): LostGpu[] {
  const name = parent.attributes.get('id') ?? 'unnamed';
  return parent.children.filter((element) => element.name === 'error_string').map(({ text }) => lostGpu(name, text));
}

/**
 * Readings that every working GPU that has them at all answers with a number, yes or no. Any other text among them says
 * something of the GPU; elsewhere it does not (`addressing_mode` reads `Unknown Error`, and `power_smoothing` `Insufficient Permissions`, on healthy boards).
 */
const CORE = [
  'temperature/gpu_temp',
  'fb_memory_usage/total',
  'fb_memory_usage/used',
  'fb_memory_usage/free',
  'utilization/gpu_util',
  'utilization/memory_util',
  'ecc_errors/volatile/dram_uncorrectable',
  'ecc_errors/volatile/dram_correctable',
  'ecc_errors/volatile/sram_uncorrectable',
  'ecc_errors/volatile/sram_uncorrectable_parity',
  'ecc_errors/volatile/sram_uncorrectable_secded',
  'ecc_errors/volatile/double_bit/total',
  'ecc_errors/aggregate/dram_uncorrectable',
  'ecc_errors/aggregate/dram_correctable',
  'ecc_errors/aggregate/sram_uncorrectable',
  'ecc_errors/aggregate/sram_uncorrectable_parity',
  'ecc_errors/aggregate/sram_uncorrectable_secded',
  'ecc_errors/aggregate/double_bit/total',
  'remapped_rows/remapped_row_unc',
  'remapped_rows/remapped_row_pending',
  'remapped_rows/remapped_row_failure',
  'power_readings/power_draw',
  'gpu_power_readings/power_draw',
  'gpu_power_readings/instant_power_draw',
  'gpu_power_readings/average_power_draw',
  'clocks/graphics_clock',
  'clocks/sm_clock',
  'clocks/mem_clock',
] as const;

function toGpu(gpu: XmlElement): NvidiaGpu {
  return {
    vendor: 'nvidia',
    ...identity(gpu),
    errorTexts: CORE.flatMap((path) => {
      const text = errorIn(textAt(gpu, path));
      return text === null ? [] : [`${path}: ${text}`];
    }),
    ...condition(gpu),
    eccVolatile: eccCounts(gpu, 'volatile'),
    eccAggregate: eccCounts(gpu, 'aggregate'),
    ...memoryRepair(gpu),
    ...fabric(gpu),
    ...load(gpu),
    ...pcie(gpu),
    ...slowdown(gpu),
  };
}

/** A name fit for tables, file names and labels; null when there is none. */
function identifier(at: TextAt): string | null {
  const text = valueOf(textReading(at));
  return text !== undefined && text.length <= ID_MAX && /^[^\p{Cc}]+$/u.test(text) ? text : null;
}

function identity(
  gpu: XmlElement,
): Pick<NvidiaGpu, 'uuid' | 'pciBusId' | 'serial' | 'model' | 'minorNumber' | 'vbios'> {
  const text = (path: string): string | null => identifier(textAt(gpu, path));
  const uuid = text('uuid');
  return {
    uuid: uuid !== null && /^GPU-[\w-]{1,64}$/.test(uuid) ? uuid : null,
    pciBusId: normaliseBusId(gpu.attributes.get('id') ?? '') ?? normaliseBusId(text('pci/pci_bus_id') ?? ''),
    serial: text('serial'),
    model: text('product_name'),
    minorNumber: valueOf(read(textAt(gpu, 'minor_number'), parseCount)) ?? null,
    vbios: text('vbios_version'),
  };
}

/** First the place of today's drivers, then those of older ones. */
function at<T>(gpu: XmlElement, parse: (text: string) => T | undefined, ...paths: readonly string[]): Reading<T> {
  return best(paths.map((path) => read(textAt(gpu, path), parse)));
}

function words(gpu: XmlElement, path: string): Reading<string> {
  return textReading(textAt(gpu, path));
}

function condition(gpu: XmlElement) {
  return {
    recoveryAction: words(gpu, 'gpu_recovery_action'),
    resetRequired: at(gpu, parseFlag, 'gpu_reset_status/reset_required'),
    drainAndResetRecommended: at(gpu, parseFlag, 'gpu_reset_status/drain_and_reset_recommended'),
    eccModeCurrent: at(gpu, parseFlag, 'ecc_mode/current_ecc'),
    eccModePending: at(gpu, parseFlag, 'ecc_mode/pending_ecc'),
    persistenceMode: at(gpu, parseFlag, 'persistence_mode'),
    migMode: at(gpu, parseFlag, 'mig_mode/current_mig'),
  };
}

/** Where the boards before Turing keep their counters, DRAM apart. */
const SRAM_LOCATIONS = ['l1_cache', 'l2_cache', 'register_file', 'texture_memory', 'texture_shm', 'cbu'];

/** Three layouts: split by protection (Ampere and newer, drivers from 570), `sram_`/`dram_` (Turing and newer), by location (older). */
function eccCounts(gpu: XmlElement, lifetime: 'volatile' | 'aggregate'): EccCounts {
  const count = (path: string): Reading<number> => read(textAt(gpu, `ecc_errors/${lifetime}/${path}`), parseCount);
  const located = (bits: string): Reading<number> => sum(SRAM_LOCATIONS.map((name) => count(`${bits}/${name}`)));
  const split = sum([count('sram_uncorrectable_parity'), count('sram_uncorrectable_secded')]);
  const ofMig = lifetime === 'volatile' ? [migSramUncorrectable(gpu)] : [];
  return {
    dramCorrectable: best([count('dram_correctable'), count('single_bit/device_memory')]),
    dramUncorrectable: best([count('dram_uncorrectable'), count('double_bit/device_memory')]),
    sramCorrectable: best([count('sram_correctable'), located('single_bit')]),
    sramUncorrectable: best([split, count('sram_uncorrectable'), located('double_bit'), ...ofMig]),
  };
}

/** With MIG on, some drivers count for each MIG device and not for the GPU. */
function migSramUncorrectable(gpu: XmlElement): Reading<number> {
  const devices = child(gpu, 'mig_devices')?.children ?? [];
  return sum(
    devices.map((device) => read(textAt(device, 'ecc_error_count/volatile_count/sram_uncorrectable'), parseCount)),
  );
}

function memoryRepair(gpu: XmlElement) {
  const pending = ['pending_retirement', 'pending_blacklist'].map((name) =>
    read(textAt(gpu, `retired_pages/${name}`), parseFlag),
  );
  return {
    sramThresholdExceeded: at(gpu, parseFlag, 'ecc_errors/aggregate/sram_threshold_exceeded'),
    channelRepairPending: at(gpu, parseFlag, 'ecc_errors/channel_repair_pending'),
    tpcRepairPending: at(gpu, parseFlag, 'ecc_errors/tpc_repair_pending'),
    unrepairableMemory: at(gpu, parseFlag, 'ecc_errors/unrepairable_memory'),
    remappedRowsCorrectable: at(gpu, parseCount, 'remapped_rows/remapped_row_corr'),
    remappedRowsUncorrectable: at(gpu, parseCount, 'remapped_rows/remapped_row_unc'),
    remapPending: at(gpu, parseFlag, 'remapped_rows/remapped_row_pending'),
    remapFailure: at(gpu, parseFlag, 'remapped_rows/remapped_row_failure'),
    retiredPagesSingleBit: at(gpu, parseCount, 'retired_pages/multiple_single_bit_retirement/retired_count'),
    retiredPagesDoubleBit: at(gpu, parseCount, 'retired_pages/double_bit_retirement/retired_count'),
    // Both names occur, alone and together: one "Yes" is enough.
    retirementPending: pending.find((reading) => known(reading) && reading.value) ?? best(pending),
  };
}

function fabric(gpu: XmlElement) {
  return {
    fabricState: words(gpu, 'fabric/state'),
    fabricStatus: words(gpu, 'fabric/status'),
    fabricHealth: words(gpu, 'fabric/health/summary'),
  };
}

function load(gpu: XmlElement) {
  const power = 'gpu_power_readings';
  const draws = [`${power}/power_draw`, `${power}/instant_power_draw`, `${power}/average_power_draw`];
  const limits = [`${power}/current_power_limit`, 'power_readings/enforced_power_limit', 'power_readings/power_limit'];
  return {
    temperatureCelsius: at(gpu, parseCelsius, 'temperature/gpu_temp'),
    memoryTemperatureCelsius: at(gpu, parseCelsius, 'temperature/memory_temp'),
    powerWatts: at(gpu, parseWatts, ...draws, 'power_readings/power_draw'),
    powerLimitWatts: at(gpu, parseWatts, ...limits),
    utilizationRatio: at(gpu, parseRatio, 'utilization/gpu_util'),
    memoryUtilizationRatio: at(gpu, parseRatio, 'utilization/memory_util'),
    memoryTotalBytes: at(gpu, parseBytes, 'fb_memory_usage/total'),
    memoryUsedBytes: at(gpu, parseBytes, 'fb_memory_usage/used'),
    memoryReservedBytes: at(gpu, parseBytes, 'fb_memory_usage/reserved'),
    memoryFreeBytes: at(gpu, parseBytes, 'fb_memory_usage/free'),
    clockSmHertz: at(gpu, parseHertz, 'clocks/sm_clock'),
    clockMemoryHertz: at(gpu, parseHertz, 'clocks/mem_clock'),
  };
}

function pcie(gpu: XmlElement) {
  const link = 'pci/pci_gpu_link_info';
  return {
    pcieReplayTotal: at(gpu, parseCount, 'pci/replay_counter'),
    pcieLinkWidth: at(gpu, parseWidth, `${link}/link_widths/current_link_width`),
    pcieLinkWidthMax: at(gpu, parseWidth, `${link}/link_widths/max_link_width`),
    pcieLinkGen: at(gpu, parseCount, `${link}/pcie_gen/current_link_gen`),
    pcieLinkGenMax: at(gpu, parseCount, `${link}/pcie_gen/max_link_gen`),
  };
}

/** `clocks_event_reasons` since driver 535, `clocks_throttle_reasons` before. */
function slowdown(gpu: XmlElement) {
  const reason = (name: string): Reading<boolean> =>
    at(
      gpu,
      parseFlag,
      `clocks_event_reasons/clocks_event_reason_${name}`,
      `clocks_throttle_reasons/clocks_throttle_reason_${name}`,
    );
  return {
    hwSlowdown: reason('hw_slowdown'),
    hwThermalSlowdown: reason('hw_thermal_slowdown'),
    hwPowerBrake: reason('hw_power_brake_slowdown'),
    swThermalSlowdown: reason('sw_thermal_slowdown'),
  };
}
