/** What GPUs do, and within which limits: temperature, power, memory, utilisation, clocks, fan and the way to the host. */
import type { Family } from '@trivet/shared/exposition/text.ts';
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { partFamilies, rowFamilies } from './gpu-series.ts';
import type { Part, PartRow, Row } from './gpu-series.ts';

/** Instinct MI300 and later have no sensor at the edge: their hotspot is all there is. */
function coreCelsius({ edgeCelsius, hotspotCelsius }: AmdGpu): Reading<number> {
  return known(edgeCelsius) ? edgeCelsius : hotspotCelsius;
}

const ROWS: readonly Row[] = [
  ['temperature_celsius', 'gauge', 'Core temperature.', { nvidia: (gpu) => gpu.temperatureCelsius, amd: coreCelsius }],
  ['hotspot_temperature_celsius', 'gauge', 'Hottest place of the chip.', { amd: (gpu) => gpu.hotspotCelsius }],
  [
    'memory_temperature_celsius',
    'gauge',
    'Memory temperature.',
    { nvidia: (gpu) => gpu.memoryTemperatureCelsius, amd: (gpu) => gpu.memoryCelsius },
  ],
  [
    'temperature_margin_celsius',
    'gauge',
    'Degrees left to the highest working temperature.',
    { nvidia: (gpu) => gpu.temperatureMarginCelsius },
  ],
  ['power_watts', 'gauge', 'Power draw.', { nvidia: (gpu) => gpu.powerWatts, amd: (gpu) => gpu.powerWatts }],
  [
    'power_limit_watts',
    'gauge',
    'Enforced power limit.',
    { nvidia: (gpu) => gpu.powerLimitWatts, amd: (gpu) => gpu.powerLimitWatts },
  ],
  ['memory_power_watts', 'gauge', 'Power draw of the memory.', { nvidia: (gpu) => gpu.memoryPowerWatts }],
  ['module_power_watts', 'gauge', 'Power draw of the whole module.', { nvidia: (gpu) => gpu.modulePowerWatts }],
  [
    'module_power_limit_watts',
    'gauge',
    'Power limit of the whole module.',
    { nvidia: (gpu) => gpu.modulePowerLimitWatts },
  ],
  ['energy_joules_total', 'counter', 'Energy used.', { amd: (gpu) => gpu.energyJoules }],
  [
    'utilization_ratio',
    'gauge',
    'Share of time a kernel was running.',
    { nvidia: (gpu) => gpu.utilizationRatio, amd: (gpu) => gpu.utilizationRatio },
  ],
  [
    'memory_utilization_ratio',
    'gauge',
    'Share of time memory was accessed.',
    { nvidia: (gpu) => gpu.memoryUtilizationRatio, amd: (gpu) => gpu.memoryUtilizationRatio },
  ],
  [
    'encoder_utilization_ratio',
    'gauge',
    'Share of time the encoder was used.',
    { nvidia: (gpu) => gpu.encoderUtilizationRatio },
  ],
  [
    'decoder_utilization_ratio',
    'gauge',
    'Share of time the decoder was used.',
    { nvidia: (gpu) => gpu.decoderUtilizationRatio },
  ],
  [
    'memory_total_bytes',
    'gauge',
    'Framebuffer memory.',
    { nvidia: (gpu) => gpu.memoryTotalBytes, amd: (gpu) => gpu.memoryTotalBytes },
  ],
  [
    'memory_used_bytes',
    'gauge',
    'Framebuffer memory in use.',
    { nvidia: (gpu) => gpu.memoryUsedBytes, amd: (gpu) => gpu.memoryUsedBytes },
  ],
  [
    'memory_free_bytes',
    'gauge',
    'Framebuffer memory free.',
    { nvidia: (gpu) => gpu.memoryFreeBytes, amd: (gpu) => gpu.memoryFreeBytes },
  ],
  [
    'memory_reserved_bytes',
    'gauge',
    'Framebuffer memory reserved by the driver.',
    { nvidia: (gpu) => gpu.memoryReservedBytes },
  ],
  [
    'graphics_clock_hertz',
    'gauge',
    'Graphics clock.',
    { nvidia: (gpu) => gpu.clockGraphicsHertz, amd: (gpu) => gpu.clockGfxHertz },
  ],
  ['sm_clock_hertz', 'gauge', 'SM clock.', { nvidia: (gpu) => gpu.clockSmHertz }],
  [
    'memory_clock_hertz',
    'gauge',
    'Memory clock.',
    { nvidia: (gpu) => gpu.clockMemoryHertz, amd: (gpu) => gpu.clockMemoryHertz },
  ],
  ['video_clock_hertz', 'gauge', 'Video clock.', { nvidia: (gpu) => gpu.clockVideoHertz }],
  ['graphics_clock_max_hertz', 'gauge', 'Highest graphics clock.', { nvidia: (gpu) => gpu.clockGraphicsMaxHertz }],
  ['sm_clock_max_hertz', 'gauge', 'Highest SM clock.', { nvidia: (gpu) => gpu.clockSmMaxHertz }],
  ['memory_clock_max_hertz', 'gauge', 'Highest memory clock.', { nvidia: (gpu) => gpu.clockMemoryMaxHertz }],
  ['video_clock_max_hertz', 'gauge', 'Highest video clock.', { nvidia: (gpu) => gpu.clockVideoMaxHertz }],
  ['performance_state', 'gauge', 'P-state: 0 is the fastest.', { nvidia: (gpu) => gpu.performanceState }],
  ['fan_ratio', 'gauge', 'Fan speed.', { nvidia: (gpu) => gpu.fanRatio, amd: (gpu) => gpu.fanRatio }],
];

const PCIE: readonly Row[] = [
  [
    'pcie_replay_total',
    'counter',
    'PCIe replays.',
    { nvidia: (gpu) => gpu.pcieReplayTotal, amd: (gpu) => gpu.pcieReplayTotal },
  ],
  [
    'pcie_replay_rollovers_total',
    'counter',
    'Times the replay counter passed its end.',
    { nvidia: (gpu) => gpu.pcieReplayRollovers, amd: (gpu) => gpu.pcieReplayRolloverTotal },
  ],
  ['pcie_nak_sent_total', 'counter', 'Packets refused.', { amd: (gpu) => gpu.pcieNakSentTotal }],
  ['pcie_nak_received_total', 'counter', 'Packets refused by the host.', { amd: (gpu) => gpu.pcieNakReceivedTotal }],
  ['pcie_recovery_total', 'counter', 'Times the link had to recover.', { amd: (gpu) => gpu.pcieRecoveryTotal }],
  [
    'pcie_link_width',
    'gauge',
    'PCIe lanes now.',
    { nvidia: (gpu) => gpu.pcieLinkWidth, amd: (gpu) => gpu.pcieLinkWidth },
  ],
  [
    'pcie_link_width_max',
    'gauge',
    'PCIe lanes at most.',
    { nvidia: (gpu) => gpu.pcieLinkWidthMax, amd: (gpu) => gpu.pcieLinkWidthMax },
  ],
  ['pcie_link_gen', 'gauge', 'PCIe generation now.', { nvidia: (gpu) => gpu.pcieLinkGen }],
  ['pcie_link_gen_max', 'gauge', 'PCIe generation at most.', { nvidia: (gpu) => gpu.pcieLinkGenMax }],
  ['pcie_link_gen_max_device', 'gauge', 'PCIe generation of the board.', { nvidia: (gpu) => gpu.pcieLinkGenMaxDevice }],
  ['pcie_link_gen_max_host', 'gauge', 'PCIe generation of the host.', { nvidia: (gpu) => gpu.pcieLinkGenMaxHost }],
  [
    'pcie_link_transfers_per_second',
    'gauge',
    'PCIe transfers a second and lane now.',
    { amd: (gpu) => gpu.pcieTransfersPerSecond },
  ],
  [
    'pcie_link_transfers_per_second_max',
    'gauge',
    'PCIe transfers a second and lane at most.',
    { amd: (gpu) => gpu.pcieTransfersPerSecondMax },
  ],
  ['pcie_bytes_per_second', 'gauge', 'PCIe traffic, both ways.', { amd: (gpu) => gpu.pcieBytesPerSecond }],
  [
    'pcie_transmit_bytes_per_second',
    'gauge',
    'PCIe traffic to the host.',
    { nvidia: (gpu) => gpu.pcieTxBytesPerSecond },
  ],
  [
    'pcie_receive_bytes_per_second',
    'gauge',
    'PCIe traffic from the host.',
    { nvidia: (gpu) => gpu.pcieRxBytesPerSecond },
  ],
];

function limit(name: string, sensor: string, reading: Reading<number>): Part {
  return { labels: { limit: name, sensor }, reading };
}

const LIMITS: readonly PartRow[] = [
  [
    'temperature_limit_celsius',
    'gauge',
    'Temperature at which something happens.',
    {
      nvidia: ({ temperatureLimitsCelsius: limits, temperatureTargetCelsius }) => [
        limit('shutdown', 'gpu', limits.shutdown),
        limit('slowdown', 'gpu', limits.slowdown),
        limit('working', 'gpu', limits.gpuMax),
        limit('working', 'memory', limits.memoryMax),
        limit('target', 'gpu', temperatureTargetCelsius),
      ],
      amd: (gpu) => [
        limit('shutdown', 'edge', gpu.edgeShutdownCelsius),
        limit('shutdown', 'hotspot', gpu.hotspotShutdownCelsius),
        limit('shutdown', 'memory', gpu.memoryShutdownCelsius),
        limit('slowdown', 'edge', gpu.edgeSlowdownCelsius),
        limit('slowdown', 'hotspot', gpu.hotspotSlowdownCelsius),
        limit('slowdown', 'memory', gpu.memorySlowdownCelsius),
      ],
    },
  ],
  [
    'temperature_limit_margin_celsius',
    'gauge',
    'Margin at which something happens.',
    {
      nvidia: ({ temperatureLimitMarginsCelsius: limits }) => [
        limit('shutdown', 'gpu', limits.shutdown),
        limit('slowdown', 'gpu', limits.slowdown),
        limit('working', 'gpu', limits.gpuMax),
        limit('working', 'memory', limits.memoryMax),
      ],
    },
  ],
];

export function loadFamilies(samples: Samples): Family[] {
  return [...rowFamilies(ROWS, samples), ...partFamilies(LIMITS, samples), ...rowFamilies(PCIE, samples)];
}
