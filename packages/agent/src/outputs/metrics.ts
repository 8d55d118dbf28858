/**
 * What a scrape sees. GPU readings in base units; a reading that is not known has no series. Counters whose driver lifetime
 * may begin anew (volatile ECC) are counters all the same: Prometheus handles the reset.
 */
import type { Family } from '@trivet/shared/exposition/text.ts';
import { valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu, NvidiaSample, Reading } from '@trivet/shared/model/gpu.ts';
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { Signal } from '@trivet/shared/model/node.ts';

type Read = (gpu: NvidiaGpu) => Reading<number> | Reading<boolean>;
type Row = readonly [name: string, type: Family['type'], help: string, read: Read];

const READINGS: readonly Row[] = [
  ['temperature_celsius', 'gauge', 'Core temperature.', (gpu) => gpu.temperatureCelsius],
  ['memory_temperature_celsius', 'gauge', 'Memory temperature.', (gpu) => gpu.memoryTemperatureCelsius],
  ['power_watts', 'gauge', 'Power draw.', (gpu) => gpu.powerWatts],
  ['power_limit_watts', 'gauge', 'Enforced power limit.', (gpu) => gpu.powerLimitWatts],
  ['utilization_ratio', 'gauge', 'Share of time a kernel was running.', (gpu) => gpu.utilizationRatio],
  ['memory_utilization_ratio', 'gauge', 'Share of time memory was accessed.', (gpu) => gpu.memoryUtilizationRatio],
  ['memory_total_bytes', 'gauge', 'Framebuffer memory.', (gpu) => gpu.memoryTotalBytes],
  ['memory_used_bytes', 'gauge', 'Framebuffer memory in use.', (gpu) => gpu.memoryUsedBytes],
  ['memory_free_bytes', 'gauge', 'Framebuffer memory free.', (gpu) => gpu.memoryFreeBytes],
  ['memory_reserved_bytes', 'gauge', 'Framebuffer memory reserved by the driver.', (gpu) => gpu.memoryReservedBytes],
  ['sm_clock_hertz', 'gauge', 'SM clock.', (gpu) => gpu.clockSmHertz],
  ['memory_clock_hertz', 'gauge', 'Memory clock.', (gpu) => gpu.clockMemoryHertz],
  ['pcie_replay_total', 'counter', 'PCIe replays.', (gpu) => gpu.pcieReplayTotal],
  ['pcie_link_width', 'gauge', 'PCIe lanes now.', (gpu) => gpu.pcieLinkWidth],
  ['pcie_link_width_max', 'gauge', 'PCIe lanes at most.', (gpu) => gpu.pcieLinkWidthMax],
  ['pcie_link_gen', 'gauge', 'PCIe generation now.', (gpu) => gpu.pcieLinkGen],
  ['pcie_link_gen_max', 'gauge', 'PCIe generation at most.', (gpu) => gpu.pcieLinkGenMax],
  ['ecc_mode_enabled', 'gauge', 'ECC is on.', (gpu) => gpu.eccModeCurrent],
  ['ecc_sram_threshold_exceeded', 'gauge', 'SRAM errors exceed the threshold.', (gpu) => gpu.sramThresholdExceeded],
  ['remapped_rows_correctable', 'gauge', 'Rows remapped for correctable errors.', (gpu) => gpu.remappedRowsCorrectable],
  [
    'remapped_rows_uncorrectable',
    'gauge',
    'Rows remapped for uncorrectable errors.',
    (gpu) => gpu.remappedRowsUncorrectable,
  ],
  ['remapped_rows_pending', 'gauge', 'A row remapping waits for a reset.', (gpu) => gpu.remapPending],
  ['remapped_rows_failure', 'gauge', 'A row remapping failed.', (gpu) => gpu.remapFailure],
  ['retired_pages_single_bit', 'gauge', 'Pages retired for single-bit errors.', (gpu) => gpu.retiredPagesSingleBit],
  ['retired_pages_double_bit', 'gauge', 'Pages retired for double-bit errors.', (gpu) => gpu.retiredPagesDoubleBit],
  ['retired_pages_pending', 'gauge', 'A page retirement waits for a reset.', (gpu) => gpu.retirementPending],
  ['reset_required', 'gauge', 'The driver asks for a reset.', (gpu) => gpu.resetRequired],
  ['hw_slowdown', 'gauge', 'Hardware slows the clocks.', (gpu) => gpu.hwSlowdown],
  ['hw_thermal_slowdown', 'gauge', 'Hardware slows the clocks for heat.', (gpu) => gpu.hwThermalSlowdown],
  ['hw_power_brake', 'gauge', 'Hardware slows the clocks for power.', (gpu) => gpu.hwPowerBrake],
  ['sw_thermal_slowdown', 'gauge', 'The driver slows the clocks for heat.', (gpu) => gpu.swThermalSlowdown],
];

const ECC = [
  ['dram', 'correctable', 'dramCorrectable'],
  ['dram', 'uncorrectable', 'dramUncorrectable'],
  ['sram', 'correctable', 'sramCorrectable'],
  ['sram', 'uncorrectable', 'sramUncorrectable'],
] as const;

function labelsOf({ uuid, pciBusId, minorNumber }: NvidiaGpu): Record<string, string> {
  return { uuid: uuid ?? '', pci_bus_id: pciBusId ?? '', minor: String(minorNumber ?? '') };
}

export function gpuFamilies(sample: NvidiaSample | undefined): Family[] {
  const gpus = sample?.gpus ?? [];
  const readings = READINGS.map(([name, type, help, read]) => ({
    name: `trivet_gpu_${name}`,
    type,
    help,
    samples: gpus.flatMap((gpu) => {
      const value = valueOf<number | boolean>(read(gpu));
      return value === undefined ? [] : [{ labels: labelsOf(gpu), value: Number(value) }];
    }),
  }));
  const info = gpus.map((gpu) => {
    const { model, serial, vbios } = gpu;
    const driver = sample?.driverVersion ?? '';
    const labels = { model: model ?? '', serial: serial ?? '', vbios: vbios ?? '', driver };
    return { labels: { ...labelsOf(gpu), ...labels }, value: 1 };
  });
  return [
    { name: 'trivet_gpu_info', type: 'gauge', help: 'Identity of a GPU.', samples: info },
    eccFamily(gpus, 'volatile', 'eccVolatile', 'since the driver was loaded'),
    eccFamily(gpus, 'aggregate', 'eccAggregate', 'since the board was made'),
    ...readings,
  ];
}

function eccFamily(
  gpus: readonly NvidiaGpu[],
  name: string,
  field: 'eccVolatile' | 'eccAggregate',
  since: string,
): Family {
  const samples = gpus.flatMap((gpu) =>
    ECC.flatMap(([memory, type, key]) => {
      const value = valueOf(gpu[field][key]);
      return value === undefined ? [] : [{ labels: { ...labelsOf(gpu), memory, type }, value }];
    }),
  );
  return { name: `trivet_gpu_ecc_${name}_errors_total`, type: 'counter', help: `ECC errors ${since}.`, samples };
}

/** The codes come from the fault catalogue and the driver's numbers, so their cardinality is that of open findings. */
export function findingFamilies(findings: readonly Finding[]): Family[] {
  const labelled = findings.map(({ gpu, code, action, urgency, strength }) => ({
    labels: { uuid: gpu?.uuid ?? '', pci_bus_id: gpu?.pciBusId ?? '', code, action, urgency, strength },
  }));
  // Two ports of the node may have the same fault.
  const alike = Map.groupBy(labelled, ({ labels }) => JSON.stringify(labels));
  const samples = [...alike.values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : [{ ...first, value: 1 + more.length }],
  );
  return [{ name: 'trivet_finding_open', type: 'gauge', help: 'Findings that are open.', samples }];
}

export function collectorFamilies(signals: readonly Signal[]): Family[] {
  const states = ['ok', 'unknown', 'failed'] as const;
  return [
    {
      name: 'trivet_collector_state',
      type: 'gauge',
      help: 'Whether a source of evidence can be read; exactly one state is 1.',
      samples: signals.flatMap(({ name, state, required }) =>
        states.map((label) => ({
          labels: { collector: name, required: String(required), state: label },
          value: Number(state === label),
        })),
      ),
    },
    {
      name: 'trivet_collector_age_seconds',
      type: 'gauge',
      help: 'Since the last successful sample.',
      samples: signals.flatMap(({ name, ageMs }) =>
        ageMs === null ? [] : [{ labels: { collector: name }, value: ageMs / 1000 }],
      ),
    },
  ];
}

export function single(name: string, type: Family['type'], help: string, value: number): Family {
  return { name, type, help, samples: [{ labels: {}, value }] };
}

/** By hand: a registry's default metrics cost 2.5 ms of CPU a second. */
export function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    single('process_cpu_seconds_total', 'counter', 'CPU time of the agent.', (user + system) / 1e6),
    single('process_resident_memory_bytes', 'gauge', 'Resident memory of the agent.', rss),
    single('nodejs_heap_size_used_bytes', 'gauge', 'JavaScript heap in use.', heapUsed),
    single(
      'process_start_time_seconds',
      'gauge',
      'Start of the agent, Unix time.',
      Date.now() / 1000 - process.uptime(),
    ),
  ];
}
