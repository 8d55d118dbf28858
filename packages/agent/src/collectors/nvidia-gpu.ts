/** One `<gpu>` of a document: who it is, what its core readings say in place of numbers, and all its other readings. */
import { valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { ID_MAX } from '@trivet/shared/protocol/limits.ts';
import { normaliseBusId } from './nvidia-list.ts';
import { clocks, condition, fabric, pcie, power, temperatures, utilization } from './nvidia-load.ts';
import { eccCounts, memoryRepair, memoryUse, migDevices } from './nvidia-memory.ts';
import { errorIn, parseCount, read, textAt, textReading } from './nvidia-reading.ts';
import type { XmlElement } from './nvidia-xml.ts';

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

export function toGpu(gpu: XmlElement): NvidiaGpu {
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
