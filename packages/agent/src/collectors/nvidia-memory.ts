/** Memory of a GPU as the document shows it: in use, errors counted, what was repaired, and the parts it is divided into. */
import { known, valueOf } from '@trivet/shared/model/gpu.ts';
import type { EccCounts, Reading } from '@trivet/shared/model/gpu.ts';
import type { MigDevice, RemapBanks, SramSources } from '@trivet/shared/model/nvidia.ts';
import { MIG_DEVICES_MAX } from '@trivet/shared/protocol/limits.ts';
import { at, best, most, parseBanks, parseBytes, parseCount, parseFlag, read, sum, textAt } from './nvidia-reading.ts';
import { child } from './nvidia-xml.ts';
import type { XmlElement } from './nvidia-xml.ts';

/** Where the boards before Turing keep their counters, DRAM apart. */
export const SRAM_LOCATIONS = ['l1_cache', 'l2_cache', 'register_file', 'texture_memory', 'texture_shm', 'cbu'];

/** Three layouts: split by protection (Ampere and newer, drivers from 570), `sram_`/`dram_` (Turing and newer), by location (older). */
export function eccCounts(gpu: XmlElement, lifetime: 'volatile' | 'aggregate'): EccCounts {
  const count = (path: string): Reading<number> => read(textAt(gpu, `ecc_errors/${lifetime}/${path}`), parseCount);
  const located = (bits: string): Reading<number> => sum(SRAM_LOCATIONS.map((name) => count(`${bits}/${name}`)));
  const split = sum([count('sram_uncorrectable_parity'), count('sram_uncorrectable_secded')]);
  const ofMig = lifetime === 'volatile' ? [migSramUncorrectable(gpu)] : [];
  return {
    dramCorrectable: most([count('dram_correctable'), count('single_bit/device_memory')]),
    dramUncorrectable: most([count('dram_uncorrectable'), count('double_bit/device_memory')]),
    sramCorrectable: most([count('sram_correctable'), located('single_bit')]),
    sramUncorrectable: most([split, count('sram_uncorrectable'), located('double_bit'), ...ofMig]),
  };
}

function sramSources(gpu: XmlElement): SramSources {
  const source = (name: string): Reading<number> =>
    at(gpu, parseCount, `ecc_errors/aggregate_uncorrectable_sram_sources/sram_${name}`);
  return {
    l2: source('l2'),
    sm: source('sm'),
    microcontroller: source('microcontroller'),
    pcie: source('pcie'),
    other: source('other'),
  };
}

function remapBanks(gpu: XmlElement): RemapBanks {
  const folder = 'remapped_rows/row_remapper_histogram';
  const banks = (left: string): Reading<number> => at(gpu, parseBanks, `${folder}/row_remapper_histogram_${left}`);
  return {
    max: banks('max'),
    high: banks('high'),
    partial: banks('partial'),
    low: banks('low'),
    none: banks('none'),
  };
}

/** With MIG on, some drivers count for each MIG device and not for the GPU. */
function migSramUncorrectable(gpu: XmlElement): Reading<number> {
  return sum(migDevices(gpu).map(({ sramUncorrectable }) => sramUncorrectable));
}

/** The parts that a GPU is divided into; none where it is not. The document tells neither their UUIDs nor their profiles. */
export function migDevices(gpu: XmlElement): MigDevice[] {
  const devices = child(gpu, 'mig_devices')?.children.filter(({ name }) => name === 'mig_device') ?? [];
  return devices.slice(0, MIG_DEVICES_MAX).map((device) => {
    const id = (path: string): number | null => valueOf(read(textAt(device, path), parseCount)) ?? null;
    return {
      index: id('index'),
      gpuInstanceId: id('gpu_instance_id'),
      computeInstanceId: id('compute_instance_id'),
      uuid: null,
      profile: null,
      memoryTotalBytes: at(device, parseBytes, 'fb_memory_usage/total'),
      memoryUsedBytes: at(device, parseBytes, 'fb_memory_usage/used'),
      sramUncorrectable: at(device, parseCount, 'ecc_error_count/volatile_count/sram_uncorrectable'),
    };
  });
}

export function memoryUse(gpu: XmlElement) {
  return {
    memoryTotalBytes: at(gpu, parseBytes, 'fb_memory_usage/total'),
    memoryUsedBytes: at(gpu, parseBytes, 'fb_memory_usage/used'),
    memoryReservedBytes: at(gpu, parseBytes, 'fb_memory_usage/reserved'),
    memoryFreeBytes: at(gpu, parseBytes, 'fb_memory_usage/free'),
  };
}

export function memoryRepair(gpu: XmlElement) {
  const pending = ['pending_retirement', 'pending_blacklist'].map((name) =>
    read(textAt(gpu, `retired_pages/${name}`), parseFlag),
  );
  const rows = (name: string): Reading<number> => at(gpu, parseCount, `remapped_rows/${name}`);
  return {
    sramSources: sramSources(gpu),
    sramThresholdExceeded: at(gpu, parseFlag, 'ecc_errors/aggregate/sram_threshold_exceeded'),
    channelRepairPending: at(gpu, parseFlag, 'ecc_errors/channel_repair_pending'),
    tpcRepairPending: at(gpu, parseFlag, 'ecc_errors/tpc_repair_pending'),
    unrepairableMemory: at(gpu, parseFlag, 'ecc_errors/unrepairable_memory'),
    remappedRowsCorrectable: rows('remapped_row_corr'),
    remappedRowsUncorrectable: rows('remapped_row_unc'),
    remappedRowsCorrectableInactive: rows('remapped_row_corr_inactive'),
    remappedRowsUncorrectableInactive: rows('remapped_row_unc_inactive'),
    remapPending: at(gpu, parseFlag, 'remapped_rows/remapped_row_pending'),
    remapFailure: at(gpu, parseFlag, 'remapped_rows/remapped_row_failure'),
    remapBanks: remapBanks(gpu),
    retiredPagesSingleBit: at(gpu, parseCount, 'retired_pages/multiple_single_bit_retirement/retired_count'),
    retiredPagesDoubleBit: at(gpu, parseCount, 'retired_pages/double_bit_retirement/retired_count'),
    // Both names occur, alone and together: one "Yes" is enough.
    retirementPending: pending.find((reading) => known(reading) && reading.value) ?? best(pending),
  };
}
