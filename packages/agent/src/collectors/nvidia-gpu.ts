/** One `<gpu>` of a document: who it is, what its core readings say in place of numbers, and all its other readings. */
import { valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { ID_MAX } from '@trivet/shared/protocol/limits.ts';
import { normaliseBusId } from './nvidia-list.ts';
import { clocks, condition, fabric, pcie, power, temperatures, utilization } from './nvidia-load.ts';
import { SRAM_LOCATIONS, eccCounts, memoryRepair, memoryUse, migDevices } from './nvidia-memory.ts';
import {
  errorIn,
  parseCount,
  parseFlag,
  parseQuantity,
  parseWords,
  read,
  textAt,
  textReading,
} from './nvidia-reading.ts';
import type { XmlElement } from './nvidia-xml.ts';

/**
 * Readings that every working GPU that has them at all answers with a number, yes or no, or a word. An error among them says
 * something of the GPU; elsewhere it does not (`addressing_mode` reads `Unknown Error`, and `power_smoothing` `Insufficient Permissions`, on healthy boards).
 */
const QUANTITIES = [
  'temperature/gpu_temp',
  'fb_memory_usage/total',
  'fb_memory_usage/used',
  'fb_memory_usage/free',
  'utilization/gpu_util',
  'utilization/memory_util',
  'power_readings/power_draw',
  'gpu_power_readings/power_draw',
  'gpu_power_readings/instant_power_draw',
  'gpu_power_readings/average_power_draw',
  'clocks/graphics_clock',
  'clocks/sm_clock',
  'clocks/mem_clock',
];

const ECC_COUNTS = [
  'dram_uncorrectable',
  'dram_correctable',
  'sram_uncorrectable',
  'sram_uncorrectable_parity',
  'sram_uncorrectable_secded',
  'double_bit/device_memory',
  ...SRAM_LOCATIONS.map((name) => `double_bit/${name}`),
  'double_bit/total',
];
const COUNTS = [
  ...['volatile', 'aggregate'].flatMap((lifetime) => ECC_COUNTS.map((name) => `ecc_errors/${lifetime}/${name}`)),
  'remapped_rows/remapped_row_unc',
  'retired_pages/multiple_single_bit_retirement/retired_count',
  'retired_pages/double_bit_retirement/retired_count',
];

/** What decides whether a GPU is ill: one that cannot be read is not a "No". */
const FLAGS = [
  'remapped_rows/remapped_row_pending',
  'remapped_rows/remapped_row_failure',
  'retired_pages/pending_retirement',
  'retired_pages/pending_blacklist',
  'gpu_reset_status/reset_required',
  'gpu_reset_status/drain_and_reset_recommended',
  'ecc_errors/aggregate/sram_threshold_exceeded',
  'ecc_errors/channel_repair_pending',
  'ecc_errors/tpc_repair_pending',
  'ecc_errors/unrepairable_memory',
  'fabric/health/route_unhealthy',
  'fabric/health/access_timeout_recovery',
];
const FABRIC_HEALTH = ['summary', 'bandwidth', 'incorrect_configuration'].map((name) => `fabric/health/${name}`);
const WORDS = ['gpu_recovery_action', 'fabric/state', 'fabric/status', ...FABRIC_HEALTH];

function errorsAmong(gpu: XmlElement, paths: readonly string[], parse: (text: string) => unknown): string[] {
  return paths.flatMap((path) => {
    const text = errorIn(textAt(gpu, path), parse);
    return text === null ? [] : [`${path}: ${text}`];
  });
}

function errorTexts(gpu: XmlElement): string[] {
  return [
    // The unit does not matter here: a driver that prints another one is no fault of the board.
    ...errorsAmong(gpu, QUANTITIES, parseQuantity),
    ...errorsAmong(gpu, COUNTS, parseCount),
    ...errorsAmong(gpu, FLAGS, parseFlag),
    ...errorsAmong(gpu, WORDS, parseWords),
  ];
}

export function toGpu(gpu: XmlElement): NvidiaGpu {
  return {
    vendor: 'nvidia',
    ...identity(gpu),
    errorTexts: errorTexts(gpu),
    ...condition(gpu),
    eccVolatile: eccCounts(gpu, 'volatile'),
    eccAggregate: eccCounts(gpu, 'aggregate'),
    ...memoryRepair(gpu),
    ...memoryUse(gpu),
    migDevices: migDevices(gpu),
    ...fabric(gpu),
    ...temperatures(gpu),
    ...power(gpu),
    ...utilization(gpu),
    ...clocks(gpu),
    ...pcie(gpu),
  };
}

/** A name fit for tables, file names and labels; null when there is none. */
export function identifierAt(element: XmlElement, path: string): string | null {
  const text = valueOf(textReading(textAt(element, path)));
  return text !== undefined && text.length <= ID_MAX && /^[^\p{Cc}]+$/u.test(text) ? text : null;
}

type Identity = 'uuid' | 'pciBusId' | 'serial' | 'model' | 'minorNumber' | 'vbios' | 'gspFirmware' | 'architecture';

function identity(gpu: XmlElement): Pick<NvidiaGpu, Identity> {
  const text = (path: string): string | null => identifierAt(gpu, path);
  const uuid = text('uuid');
  return {
    uuid: uuid !== null && /^GPU-[\w-]{1,64}$/.test(uuid) ? uuid : null,
    pciBusId: normaliseBusId(gpu.attributes.get('id') ?? '') ?? normaliseBusId(text('pci/pci_bus_id') ?? ''),
    serial: text('serial'),
    model: text('product_name'),
    minorNumber: valueOf(read(textAt(gpu, 'minor_number'), parseCount)) ?? null,
    vbios: text('vbios_version'),
    gspFirmware: text('gsp_firmware_version'),
    architecture: text('product_architecture'),
  };
}
