/** Heat and power: what holds a GPU's clocks down. None of it breaks work, all of it makes a whole job as slow as its slowest GPU. */
import { entries } from './entry.ts';

const NVML = 'NVML clocks event reasons';

export const SLOWDOWN = [
  ...entries('slowdown', [
    {
      codes: 'thermal',
      title: 'The hardware holds the clocks down for heat',
      class: 'watch',
      strength: 'soft',
      reason:
        'Seen in 60 % of ten minutes, and over below 20 %. Cooling of the chassis or the room is as likely as the board: gpud asks for an inspection at the same threshold, Azure logs it only, AMD counts it for nothing.',
      source: `${NVML} (0x40); gpud; Azure health checks`,
    },
    {
      codes: 'power-brake',
      title: 'The power supply holds the clocks down',
      class: 'watch',
      strength: 'soft',
      reason:
        'A signal of the chassis, often on every GPU of a node or a rack at once: no drain gives it more power. NVSentinel missed it for 36 hours on nine nodes, and has a watch for it since (off by default).',
      source: `${NVML} (0x80); gpud; NVSentinel`,
    },
    {
      codes: 'hardware',
      title: 'The hardware holds the clocks down',
      class: 'watch',
      strength: 'soft',
      reason: 'The cause is not told (older drivers tell none). Treated as the two that are.',
      source: `${NVML} (0x8); gpud`,
    },
  ]),
  ...entries('temperature', [
    {
      codes: 'slowdown',
      title: 'The GPU stays at its slowdown temperature',
      class: 'watch',
      strength: 'soft',
      reason:
        'Two minutes at the limit or over it, and over when five degrees below. gpud calls it degraded, and leaves the margin out unless asked; NVSentinel compares the margin with the same limit.',
      source: 'NVML temperature thresholds and T.Limit; gpud; NVSentinel',
    },
    {
      codes: 'memory',
      title: 'The memory stays at its highest temperature',
      class: 'watch',
      strength: 'soft',
      reason: 'As for the GPU. Only boards that give the limit in degrees can be judged.',
      source: 'NVML temperature thresholds; gpud',
    },
  ]),
];
