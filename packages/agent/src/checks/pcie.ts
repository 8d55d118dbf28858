/**
 * The PCIe link: lanes or speed lost under load, and replays. Many boards sit in slots with fewer lanes than they have (every T4 at
 * one cloud provider), so that fewer than the board's maximum are a fault only where this board, or one like it in this node,
 * has shown more.
 */
import { known, valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';
import { isDesktop } from './board.ts';
import type { CheckInput } from './check.ts';
import { conditionCheck, print } from './condition.ts';
import { baselineOf } from './history.ts';
import { seriesOf } from './series.ts';
import { between, filled, gain, newest, spanMs } from './window.ts';

interface Part {
  /** Of the baseline; under load the series is `<name>-under-load`. */
  readonly name: string;
  readonly now: (gpu: NvidiaGpu) => Reading<number>;
}

const WIDTH: Part = { name: 'pcie-width', now: (gpu) => gpu.pcieLinkWidth };
const GENERATION: Part = { name: 'pcie-generation', now: (gpu) => gpu.pcieLinkGen };

/** Looks under load that must agree, one after the other: the link takes a moment to come up. */
const LOADED_LOOKS = 3;

/** The best that this board or its like in this node has shown, of what the board can do. */
function best(gpu: NvidiaGpu, { history, samples }: CheckInput, { name, now }: Part): number | null {
  // Two slots of a desktop machine differ by design.
  const peers = isDesktop(gpu.model) === false ? (samples.nvidia?.gpus ?? []) : [];
  const shown = [gpu, ...peers.filter(({ model }) => model === gpu.model)].flatMap((other) => [
    baselineOf(history, seriesOf(other, name)),
    valueOf(now(other)),
  ]);
  const numbers = shown.filter((value) => value !== null && value !== undefined);
  return numbers.length === 0 ? null : Math.max(...numbers);
}

/** The same on every one of the newest looks under load, or null. */
function steadyUnderLoad(gpu: NvidiaGpu, input: CheckInput, { name }: Part): number | null {
  const values = newest(input, seriesOf(gpu, `${name}-under-load`)).slice(-LOADED_LOOKS);
  const first = values[0]?.value;
  return values.length === LOADED_LOOKS && values.every(({ value }) => value === first) ? (first ?? null) : null;
}

function dropped(gpu: NvidiaGpu, input: CheckInput, part: Part): boolean | null {
  const [now, most] = [steadyUnderLoad(gpu, input, part), best(gpu, input, part)];
  return now === null || most === null ? null : now < most;
}

/** DCGM: the driver's authors allow 8 replays a minute. */
const REPLAYS_OPEN = 8;
const REPLAYS_CLOSE = 2;

function replays(gpu: NvidiaGpu, input: CheckInput): boolean | null {
  const points = filled(input, seriesOf(gpu, 'pcie-replays'));
  return points === null ? null : between(gain(points) / (spanMs(points) / 60_000), REPLAYS_OPEN, REPLAYS_CLOSE);
}

function belowMaximum(gpu: NvidiaGpu, input: CheckInput): boolean | null {
  const now = steadyUnderLoad(gpu, input, WIDTH);
  return now === null || !known(gpu.pcieLinkWidthMax) ? null : now < gpu.pcieLinkWidthMax.value;
}

export const pcie = conditionCheck('pcie', [
  {
    code: 'pcie.width-dropped',
    holds: (gpu, input) => dropped(gpu, input, WIDTH),
    text: (gpu, input) =>
      `current_link_width: ${steadyUnderLoad(gpu, input, WIDTH)} under load, where ${best(gpu, input, WIDTH)} were seen before or on another board like it`,
  },
  {
    code: 'pcie.width-below-maximum',
    // Said once: as a fault where it is one.
    holds: (gpu, input) => (dropped(gpu, input, WIDTH) === true ? false : belowMaximum(gpu, input)),
    text: (gpu, input) =>
      `current_link_width: ${steadyUnderLoad(gpu, input, WIDTH)} under load, max_link_width: ${print(gpu.pcieLinkWidthMax)}; never seen wider here`,
  },
  {
    code: 'pcie.generation-dropped',
    holds: (gpu, input) => dropped(gpu, input, GENERATION),
    text: (gpu, input) =>
      `current_link_gen: ${steadyUnderLoad(gpu, input, GENERATION)} under load, where ${best(gpu, input, GENERATION)} was seen before or on another board like it`,
  },
  {
    code: 'pcie.replays',
    holds: replays,
    text: () => `replay_counter: more than ${REPLAYS_OPEN} a minute over 10 min`,
  },
]);
