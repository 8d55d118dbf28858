/**
 * NVLink: links that are down on one GPU while this GPU, or all of its like, have them up; and links that lose packets or are
 * trained anew. Boards whose links were never up (PCIe boards without a bridge) are as they should be.
 */
import type { NvlinkGpu } from '@trivet/shared/model/nvlink.ts';
import type { GpuRef } from '@trivet/shared/model/finding.ts';
import type { Absent, Check, CheckInput, Seen } from './check.ts';
import { baselineOf } from './history.ts';
import { ACTIVE_LINKS, CORRECTED_PACKETS, LOST_PACKETS, RECOVERIES, countActive, refOfLinks } from './nvlink-values.ts';
import { seriesOf } from './series.ts';
import { filled, gain, spanMs } from './window.ts';

export const NVLINK = 'nvlink';

/** A bridge joins two to four PCIe boards: that fewer others agree means nothing. */
const PEERS_MIN = 3;
/** DCGM: one replay or recovery fails its health check; we warn, and say so once it is more than one in 10 min. */
const LOST_OPENS = 2;
/** DCGM: CRC errors matter from 100 a second. */
const CORRECTED_OPENS_PER_SECOND = 100;

interface LinkCondition {
  readonly code: string;
  readonly holds: (gpu: NvlinkGpu, input: CheckInput) => boolean | null;
  readonly text: (gpu: NvlinkGpu, input: CheckInput) => string;
}

function ref(gpu: NvlinkGpu, { samples }: CheckInput): GpuRef {
  const described = samples.nvidia?.gpus.find(({ uuid }) => uuid === gpu.uuid);
  return { uuid: gpu.uuid, pciBusId: described?.pciBusId ?? null };
}

function modelOf(gpu: NvlinkGpu, { samples }: CheckInput): string | null {
  return samples.nvidia?.gpus.find(({ uuid }) => uuid === gpu.uuid)?.model ?? null;
}

/** Links that should be up; null when nothing says so. */
function expected(gpu: NvlinkGpu, input: CheckInput): number | null {
  const own = baselineOf(input.history, seriesOf(refOfLinks(gpu), ACTIVE_LINKS)) ?? 0;
  const model = modelOf(gpu, input);
  const peers = (input.samples.nvlink?.gpus ?? []).filter((other) => other !== gpu && modelOf(other, input) === model);
  const counts = peers.map(countActive).filter((count) => count !== null);
  const agreed =
    model !== null && counts.length >= PEERS_MIN && counts.length === peers.length ? Math.min(...counts) : 0;
  const most = Math.max(own, agreed);
  return most === 0 ? null : most;
}

function inactive(gpu: NvlinkGpu, input: CheckInput): boolean | null {
  const [active, should] = [countActive(gpu), expected(gpu, input)];
  return active === null || should === null ? null : active < should;
}

function lost(gpu: NvlinkGpu, input: CheckInput): boolean | null {
  const packets = filled(input, seriesOf(refOfLinks(gpu), LOST_PACKETS));
  const corrected = filled(input, seriesOf(refOfLinks(gpu), CORRECTED_PACKETS));
  if (packets === null && corrected === null) return null;
  const perSecond = corrected === null ? 0 : gain(corrected) / (spanMs(corrected) / 1000);
  const gained = packets === null ? 0 : gain(packets);
  if (gained >= LOST_OPENS || perSecond >= CORRECTED_OPENS_PER_SECOND) return true;
  return gained === 0 && perSecond < CORRECTED_OPENS_PER_SECOND / 2 ? false : null;
}

function recovers(gpu: NvlinkGpu, input: CheckInput): boolean | null {
  const points = filled(input, seriesOf(refOfLinks(gpu), RECOVERIES));
  return points === null ? null : gain(points) > 0;
}

/** Links by number, those with errors; not how many there are, which is news at every look. */
function withErrors({ links }: NvlinkGpu): string {
  const bad = links.filter(({ errors }) => Object.keys(errors).length > 0);
  return bad.map(({ link, errors }) => `link ${link} (${Object.keys(errors).join(', ')})`).join(', ');
}

const CONDITIONS: readonly LinkCondition[] = [
  {
    code: 'nvlink.inactive',
    holds: inactive,
    text: (gpu, input) => {
      const down = gpu.links.filter(({ active }) => active === false).map(({ link }) => link);
      const which = down.length === 0 ? '' : `, down: ${down.join(' ')}`;
      return `${countActive(gpu)} links are up, ${expected(gpu, input)} were or are on the boards like it${which}`;
    },
  },
  {
    code: 'nvlink.errors',
    holds: lost,
    text: (gpu) => `error counters grew within 10 min; errors so far on ${withErrors(gpu)}`,
  },
  {
    code: 'nvlink.recovery',
    holds: recovers,
    text: (gpu) => `links were trained anew within 10 min; errors so far on ${withErrors(gpu)}`,
  },
];

function run(input: CheckInput): Seen[] {
  const { at } = input;
  return (input.samples.nvlink?.gpus ?? []).flatMap((gpu) =>
    CONDITIONS.filter(({ holds }) => holds(gpu, input) === true).map(({ code, text }) => ({
      gpu: ref(gpu, input),
      code,
      at,
      source: NVLINK,
      text: text(gpu, input),
    })),
  );
}

function absent(input: CheckInput): Absent[] {
  const at = input.sampledAt ?? input.at;
  return (input.samples.nvlink?.gpus ?? []).flatMap((gpu) =>
    CONDITIONS.filter(({ holds }) => holds(gpu, input) === false).map(({ code }) => ({
      gpu: ref(gpu, input),
      code,
      at,
      source: NVLINK,
    })),
  );
}

export const nvlink: Check = { name: 'nvlink', needs: [NVLINK], run, absent };
