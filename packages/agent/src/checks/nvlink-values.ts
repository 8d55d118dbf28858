/** NVLink by GPU, as numbers that can be compared over time. */
import type { NvlinkCounter, NvlinkGpu } from '@trivet/shared/model/nvlink.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { seriesOf } from './series.ts';
import type { Values } from './series.ts';

/** What was sent again or thrown away: the link itself is bad, or its other end. */
const LOST: readonly NvlinkCounter[] = [
  'replay',
  'malformedPacket',
  'bufferOverrun',
  'receive',
  'receiveRemote',
  'receiveGeneral',
  'localIntegrity',
  'effective',
  'symbol',
];
/** The link was trained anew, or could not be. */
const RECOVERED: readonly NvlinkCounter[] = ['recovery', 'recoverySuccessful', 'recoveryFailed'];

/** Corrected at the link, and common: only their rate means something. */
const CORRECTED: readonly NvlinkCounter[] = ['crc'];

export const LOST_PACKETS = 'nvlink-lost-packets';
export const RECOVERIES = 'nvlink-recoveries';
export const CORRECTED_PACKETS = 'nvlink-corrected';
export const ACTIVE_LINKS = 'nvlink-active';

export function refOfLinks({ uuid }: NvlinkGpu) {
  return { uuid, pciBusId: null };
}

function sums(reading: string, counters: readonly NvlinkCounter[]) {
  return ({ nvlink }: Samples): Values =>
    (nvlink?.gpus ?? []).flatMap((gpu) => {
      // A counter that could not be read on every link is left out: it would seem to begin anew.
      const read = counters.filter((counter) => gpu.counters.includes(counter));
      if (read.length === 0) return [];
      const value = gpu.links.reduce((total, { errors }) => total + sumOf(read.map((counter) => errors[counter])), 0);
      return [[seriesOf(refOfLinks(gpu), reading), value] as const];
    });
}

function sumOf(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

export const lostPackets = sums(LOST_PACKETS, LOST);
export const correctedPackets = sums(CORRECTED_PACKETS, CORRECTED);
export const recoveries = sums(RECOVERIES, RECOVERED);

/** Links that are up; null where the tool does not tell. */
export function countActive({ support, links }: NvlinkGpu): number | null {
  if (support === 'inactive') return 0;
  if (support !== 'links' || links.some(({ active }) => active === null)) return null;
  return links.filter(({ active }) => active).length;
}

export function activeLinks({ nvlink }: Samples): Values {
  return (nvlink?.gpus ?? []).flatMap((gpu) => {
    const count = countActive(gpu);
    return count === null ? [] : [[seriesOf(refOfLinks(gpu), ACTIVE_LINKS), count] as const];
  });
}
