/**
 * The same values under the names, units and labels of dcgm-exporter's default counters (its etc/default-counters.csv), so that
 * dashboards and alerts made for it work. What nvidia-smi does not tell (profiling, energy, NVLink traffic) is absent.
 */
import type { Family } from '@trivet/shared/exposition/text.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { map } from './gpu-series.ts';
import type { Labels, Read } from './gpu-series.ts';
import { nvidiaTotal } from './gpu-error-metrics.ts';

export interface DcgmView {
  readonly node: string;
  readonly samples: Samples;
  /** Newest Xid of a GPU since the agent began; 0: none. Left out where the kernel log cannot be read. */
  readonly lastXid?: (pciBusId: string) => number;
}

const MIB = 1024 * 1024;
const mebibytes = (reading: Reading<number>): Reading<number> => map(reading, (bytes) => bytes / MIB);
const megahertz = (reading: Reading<number>): Reading<number> => map(reading, (hertz) => hertz / 1e6);
const percent = (reading: Reading<number>): Reading<number> => map(reading, (ratio) => ratio * 100);

/** NVML's licence states: 0 none, 1 licensed. */
const licence = ({ vgpuLicense }: NvidiaGpu): Reading<boolean> =>
  map(vgpuLicense, (words) => /^licensed\b/i.test(words));

/** Volatile ones are since the driver was loaded, aggregate ones in the life of the board. */
const aggregate = (type: 'Correctable' | 'Uncorrectable') => nvidiaTotal('eccAggregate', type);
const volatile = (type: 'Correctable' | 'Uncorrectable') => nvidiaTotal('eccVolatile', type);

/** Without the prefix `DCGM_FI_DEV_`. The second half is there but switched off in dcgm-exporter. */
const FIELDS: readonly (readonly [name: string, type: Family['type'], help: string, read: Read<NvidiaGpu>])[] = [
  ['SM_CLOCK', 'gauge', 'SM clock, MHz.', (gpu) => megahertz(gpu.clockSmHertz)],
  ['MEM_CLOCK', 'gauge', 'Memory clock, MHz.', (gpu) => megahertz(gpu.clockMemoryHertz)],
  ['MEMORY_TEMP', 'gauge', 'Memory temperature, C.', (gpu) => gpu.memoryTemperatureCelsius],
  ['GPU_TEMP', 'gauge', 'GPU temperature, C.', (gpu) => gpu.temperatureCelsius],
  ['POWER_USAGE', 'gauge', 'Power draw, W.', (gpu) => gpu.powerWatts],
  ['PCIE_REPLAY_COUNTER', 'counter', 'PCIe replays.', (gpu) => gpu.pcieReplayTotal],
  ['GPU_UTIL', 'gauge', 'GPU utilisation, %.', (gpu) => percent(gpu.utilizationRatio)],
  ['MEM_COPY_UTIL', 'gauge', 'Memory utilisation, %.', (gpu) => percent(gpu.memoryUtilizationRatio)],
  ['ENC_UTIL', 'gauge', 'Encoder utilisation, %.', (gpu) => percent(gpu.encoderUtilizationRatio)],
  ['DEC_UTIL', 'gauge', 'Decoder utilisation, %.', (gpu) => percent(gpu.decoderUtilizationRatio)],
  ['FB_FREE', 'gauge', 'Framebuffer free, MiB.', (gpu) => mebibytes(gpu.memoryFreeBytes)],
  ['FB_USED', 'gauge', 'Framebuffer in use, MiB.', (gpu) => mebibytes(gpu.memoryUsedBytes)],
  ['FB_RESERVED', 'gauge', 'Framebuffer reserved, MiB.', (gpu) => mebibytes(gpu.memoryReservedBytes)],
  ['VGPU_LICENSE_STATUS', 'gauge', 'vGPU licence.', licence],
  [
    'UNCORRECTABLE_REMAPPED_ROWS',
    'counter',
    'Rows remapped for uncorrectable errors.',
    (gpu) => gpu.remappedRowsUncorrectable,
  ],
  [
    'CORRECTABLE_REMAPPED_ROWS',
    'counter',
    'Rows remapped for correctable errors.',
    (gpu) => gpu.remappedRowsCorrectable,
  ],
  ['ROW_REMAP_FAILURE', 'gauge', 'A row remapping failed.', (gpu) => gpu.remapFailure],
  ['ECC_SBE_VOL_TOTAL', 'counter', 'Correctable errors since the driver was loaded.', volatile('Correctable')],
  ['ECC_DBE_VOL_TOTAL', 'counter', 'Uncorrectable errors since the driver was loaded.', volatile('Uncorrectable')],
  ['ECC_SBE_AGG_TOTAL', 'counter', 'Correctable errors since the board was made.', aggregate('Correctable')],
  ['ECC_DBE_AGG_TOTAL', 'counter', 'Uncorrectable errors since the board was made.', aggregate('Uncorrectable')],
  ['RETIRED_SBE', 'counter', 'Pages retired for single-bit errors.', (gpu) => gpu.retiredPagesSingleBit],
  ['RETIRED_DBE', 'counter', 'Pages retired for double-bit errors.', (gpu) => gpu.retiredPagesDoubleBit],
  ['RETIRED_PENDING', 'counter', 'A page retirement is pending.', (gpu) => gpu.retirementPending],
];

/**
 * NVML numbers GPUs in the order of their PCI addresses. Those that PCI shows count as well: a lost GPU must not give its number
 * to the next.
 */
function indexes({ nvidia, host }: Samples): ReadonlyMap<string, number> {
  const onPci = (host?.pciGpus ?? []).filter(({ vendor }) => vendor === 'nvidia').map(({ pciBusId }) => pciBusId);
  const named = [...(nvidia?.gpus ?? []), ...(nvidia?.lost ?? [])].flatMap(({ pciBusId }) => pciBusId ?? []);
  const all = [...new Set([...onPci, ...named])].toSorted((a, b) => padded(a).localeCompare(padded(b)));
  return new Map(all.map((pciBusId, index) => [pciBusId, index]));
}

/** `0000:1b:00.0` → `00000000:1B:00.0`, as NVML writes it. */
function padded(pciBusId: string): string {
  const [domain = '', ...rest] = pciBusId.toUpperCase().split(':');
  return [domain.padStart(8, '0'), ...rest].join(':');
}

/** The spelling `Hostname` is that of all releases until May 2026, and of every dashboard that is around. */
function labelsOf(gpu: NvidiaGpu, index: number, { node, samples }: DcgmView): Labels {
  return {
    gpu: String(index),
    UUID: gpu.uuid ?? '',
    pci_bus_id: gpu.pciBusId === null ? '' : padded(gpu.pciBusId),
    device: `nvidia${index}`,
    modelName: gpu.model ?? '',
    Hostname: node,
    DCGM_FI_DRIVER_VERSION: samples.nvidia?.driverVersion ?? '',
  };
}

/** The parts of a divided GPU have their memory under the same name, with profile and number of the instance. */
function ofParts(gpu: NvidiaGpu, labels: Labels): Family['samples'] {
  return gpu.migDevices.flatMap(({ gpuInstanceId, profile, memoryUsedBytes }) => {
    if (gpuInstanceId === null || !known(memoryUsedBytes)) return [];
    const ofPart = { GPU_I_PROFILE: profile ?? '', GPU_I_ID: String(gpuInstanceId) };
    return [{ labels: { ...labels, ...ofPart }, value: memoryUsedBytes.value / MIB }];
  });
}

export function dcgmFamilies(view: DcgmView): Family[] {
  const { samples, lastXid } = view;
  const numbers = indexes(samples);
  const gpus = (samples.nvidia?.gpus ?? []).map((gpu, position) => {
    const index = (gpu.pciBusId === null ? undefined : numbers.get(gpu.pciBusId)) ?? position;
    return { gpu, labels: labelsOf(gpu, index, view) };
  });
  const fields = FIELDS.map(([name, type, help, read]) => ({
    name: `DCGM_FI_DEV_${name}`,
    type,
    help,
    samples: gpus.flatMap(({ gpu, labels }) => {
      const reading: Reading<number | boolean> = read(gpu);
      const own = known(reading) ? [{ labels, value: Number(reading.value) }] : [];
      return name === 'FB_USED' ? [...own, ...ofParts(gpu, labels)] : own;
    }),
  }));
  const xids = gpus.flatMap(({ gpu: { pciBusId }, labels }) =>
    lastXid === undefined || pciBusId === null ? [] : [{ labels, value: lastXid(pciBusId) }],
  );
  return [...fields, { name: 'DCGM_FI_DEV_XID_ERRORS', type: 'gauge', help: 'Newest Xid, 0 for none.', samples: xids }];
}
