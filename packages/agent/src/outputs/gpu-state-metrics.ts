/** What drivers say of their GPUs in words and flags: their verdict, why clocks are held back, the fabric, persistence, MIG, licences. */
import type { Family } from '@trivet/shared/exposition/text.ts';
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { map, partFamilies, rowFamilies, wordPart } from './gpu-series.ts';
import type { Part, PartRow, Row } from './gpu-series.ts';

const VERDICT: readonly Row[] = [
  ['reset_required', 'gauge', 'The driver asks for a reset.', { nvidia: (gpu) => gpu.resetRequired }],
  [
    'drain_and_reset_recommended',
    'gauge',
    'The driver recommends to drain and reset.',
    { nvidia: (gpu) => gpu.drainAndResetRecommended },
  ],
  ['hw_slowdown', 'gauge', 'Hardware slows the clocks.', { nvidia: (gpu) => gpu.hwSlowdown }],
  ['hw_thermal_slowdown', 'gauge', 'Hardware slows the clocks for heat.', { nvidia: (gpu) => gpu.hwThermalSlowdown }],
  ['hw_power_brake', 'gauge', 'Hardware slows the clocks for power.', { nvidia: (gpu) => gpu.hwPowerBrake }],
  ['sw_thermal_slowdown', 'gauge', 'The driver slows the clocks for heat.', { nvidia: (gpu) => gpu.swThermalSlowdown }],
  ['sw_power_cap', 'gauge', 'The driver slows the clocks for power.', { nvidia: (gpu) => gpu.swPowerCap }],
  ['clocks_idle', 'gauge', 'The clocks are low for want of work.', { nvidia: (gpu) => gpu.clocksIdle }],
  ['throttled', 'gauge', 'The clocks are held back, for any cause.', { amd: (gpu) => gpu.throttled }],
  [
    'fabric_route_unhealthy',
    'gauge',
    'The fabric has an unhealthy route.',
    { nvidia: ({ fabricHealthDetails }) => fabricHealthDetails.routeUnhealthy },
  ],
  [
    'fabric_route_recovery',
    'gauge',
    'The fabric recovers a route.',
    { nvidia: ({ fabricHealthDetails }) => fabricHealthDetails.routeRecoveryInProgress },
  ],
  [
    'fabric_misconfigured',
    'gauge',
    'The fabric is configured wrongly at this GPU.',
    {
      nvidia: ({ fabricHealthDetails: { incorrectConfiguration } }) =>
        map(incorrectConfiguration, (words) => words.toLowerCase() !== 'none'),
    },
  ],
  [
    'fabric_access_timeout_recovery',
    'gauge',
    'The fabric recovers from an access timeout.',
    { nvidia: ({ fabricHealthDetails }) => fabricHealthDetails.accessTimeoutRecovery },
  ],
];

/** Microseconds of the tool. */
function seconds(reason: string, reading: Reading<number>): Part {
  return { labels: { reason }, reading: map(reading, (us) => us / 1e6) };
}

const WORDS = {
  recovery: [
    'none',
    'reset',
    'gpu-reset',
    'reboot',
    'node-reboot',
    'system-reboot',
    'drain-p2p',
    'drain-and-reset',
    'bus-reset',
  ],
  state: ['not-started', 'in-progress', 'completed'],
  status: ['success', 'in-progress', 'failure'],
  health: ['healthy', 'unhealthy', 'limited-capacity'],
  bandwidth: ['full', 'degraded'],
};

const STATES: readonly PartRow[] = [
  [
    'recovery_action',
    'gauge',
    'What the driver asks for.',
    { nvidia: (gpu) => wordPart('action', WORDS.recovery, gpu.recoveryAction) },
  ],
  [
    'row_remap_banks',
    'gauge',
    'Memory banks by the spare rows that are left.',
    {
      nvidia: ({ remapBanks }) =>
        Object.entries(remapBanks).map(([spare, reading]): Part => ({ labels: { spare }, reading })),
    },
  ],
  [
    'throttle_seconds_total',
    'counter',
    'Time below the wanted clocks.',
    {
      nvidia: ({ slowdown }) => [
        seconds('sw-power-cap', slowdown.swPowerCapUs),
        seconds('sync-boost', slowdown.syncBoostUs),
        seconds('sw-thermal', slowdown.swThermalUs),
        seconds('hw-thermal', slowdown.hwThermalUs),
        seconds('hw-power-brake', slowdown.hwPowerBrakeUs),
      ],
    },
  ],
  [
    'throttle_active',
    'gauge',
    'The clocks are held back.',
    { amd: ({ throttles }) => throttles.map(({ cause, active }): Part => ({ labels: { cause }, reading: active })) },
  ],
  [
    'throttle_ticks_total',
    'counter',
    'Ticks of the firmware during which the clocks were held back.',
    {
      amd: ({ throttles }) =>
        throttles.map(({ cause, accumulated }): Part => ({ labels: { cause }, reading: accumulated })),
    },
  ],
  [
    'fabric_state',
    'gauge',
    'Whether the GPU has joined the NVLink fabric.',
    { nvidia: (gpu) => wordPart('state', WORDS.state, gpu.fabricState) },
  ],
  [
    'fabric_status',
    'gauge',
    'With what success it has.',
    { nvidia: (gpu) => wordPart('status', WORDS.status, gpu.fabricStatus) },
  ],
  [
    'fabric_health',
    'gauge',
    'Health of the fabric at this GPU.',
    { nvidia: (gpu) => wordPart('health', WORDS.health, gpu.fabricHealth) },
  ],
  [
    'fabric_bandwidth',
    'gauge',
    'Bandwidth of the fabric at this GPU.',
    { nvidia: (gpu) => wordPart('bandwidth', WORDS.bandwidth, gpu.fabricHealthDetails.bandwidth) },
  ],
];

/** A part of a GPU that is divided; the tool's document gives it no UUID. */
function migParts(
  { migDevices }: NvidiaGpu,
  read: (device: NvidiaGpu['migDevices'][number]) => Reading<number>,
): Part[] {
  return migDevices.map((device) => ({
    labels: {
      mig_uuid: device.uuid ?? '',
      gpu_instance_id: String(device.gpuInstanceId ?? ''),
      compute_instance_id: String(device.computeInstanceId ?? ''),
    },
    reading: read(device),
  }));
}

const SETTINGS: readonly Row[] = [
  ['persistence_mode_enabled', 'gauge', 'The driver stays loaded.', { nvidia: (gpu) => gpu.persistenceMode }],
  ['mig_mode_enabled', 'gauge', 'The GPU may be divided.', { nvidia: (gpu) => gpu.migMode }],
  ['mig_mode_pending_enabled', 'gauge', 'It may be after the next reset.', { nvidia: (gpu) => gpu.migModePending }],
  [
    'partitions',
    'gauge',
    'Parts that the GPU is divided into.',
    {
      nvidia: (gpu) => map(gpu.migMode, () => gpu.migDevices.length),
      amd: ({ partitions }) => ({ value: partitions.length }),
    },
  ],
  [
    'vgpu_licensed',
    'gauge',
    'The vGPU software has its licence.',
    { nvidia: (gpu) => map(gpu.vgpuLicense, (words) => /^licensed\b/i.test(words)) },
  ],
];

const PARTS: readonly PartRow[] = [
  [
    'mig_memory_total_bytes',
    'gauge',
    'Memory of a part of a GPU.',
    { nvidia: (gpu) => migParts(gpu, (device) => device.memoryTotalBytes) },
  ],
  [
    'mig_memory_used_bytes',
    'gauge',
    'Memory in use of a part of a GPU.',
    { nvidia: (gpu) => migParts(gpu, (device) => device.memoryUsedBytes) },
  ],
  [
    'mig_sram_uncorrectable_errors_total',
    'counter',
    'Uncorrectable SRAM errors of a part of a GPU.',
    { nvidia: (gpu) => migParts(gpu, (device) => device.sramUncorrectable) },
  ],
  [
    'compute_partition',
    'gauge',
    'How the GPU is divided for work.',
    { amd: (gpu) => wordPart('mode', ['spx', 'dpx', 'tpx', 'qpx', 'cpx'], gpu.computePartition) },
  ],
  [
    'memory_partition',
    'gauge',
    'How its memory is divided.',
    { amd: (gpu) => wordPart('mode', ['nps1', 'nps2', 'nps4', 'nps8'], gpu.memoryPartition) },
  ],
  [
    'performance_level',
    'gauge',
    'What the clocks are set to.',
    { amd: (gpu) => wordPart('level', ['auto', 'low', 'high', 'manual', 'determinism'], gpu.performanceLevel) },
  ],
];

export function stateFamilies(samples: Samples): Family[] {
  return [
    ...rowFamilies(VERDICT, samples),
    ...partFamilies(STATES, samples),
    ...rowFamilies(SETTINGS, samples),
    ...partFamilies(PARTS, samples),
  ];
}
