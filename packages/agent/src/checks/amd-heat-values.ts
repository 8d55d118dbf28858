/** Whether a board is too hot, by its own words and by its own limits. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { ABSENT, known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import { any } from './amd-condition.ts';
import { flag, print } from './condition.ts';

/** At its power limit (`ppt`) every busy board is: that one is no sign of anything. */
function throttledForHeat({ throttles }: AmdGpu): boolean | null {
  return any(throttles.filter(({ cause }) => cause !== 'ppt').map(({ active }) => flag(active)));
}

interface Heat {
  readonly name: string;
  readonly celsius: Reading<number>;
  readonly slowdown: Reading<number>;
}

function heatOf(gpu: AmdGpu): readonly Heat[] {
  return [
    { name: 'edge', celsius: gpu.edgeCelsius, slowdown: gpu.edgeSlowdownCelsius },
    { name: 'hotspot', celsius: gpu.hotspotCelsius, slowdown: gpu.hotspotSlowdownCelsius },
    { name: 'memory', celsius: gpu.memoryCelsius, slowdown: gpu.memorySlowdownCelsius },
  ];
}

function isTooHot({ celsius, slowdown }: Heat): boolean | null {
  return known(celsius) && known(slowdown) && slowdown.value > 0 ? celsius.value >= slowdown.value : null;
}

export function hot(gpu: AmdGpu): boolean | null {
  const told = [throttledForHeat(gpu), ...heatOf(gpu).map(isTooHot)].filter((answer) => answer !== null);
  return any(told);
}

export function heatText(gpu: AmdGpu): string {
  const causes = gpu.throttles.filter(({ cause, active }) => cause !== 'ppt' && flag(active) === true);
  const sensors = heatOf(gpu).filter((heat) => isTooHot(heat) === true);
  return [
    ...causes.map(({ cause }) => `throttle ${cause}: active`),
    ...sensors.map(({ name, slowdown }) => `${name}: at ${print(slowdown)} C or more, where it slows down`),
  ].join('; ');
}

/** A series that the history tracks. */
export const HOT = 'amd-hot';

/** 1 where it is too hot, 0 where it is known not to be. */
export function hotness(gpu: AmdGpu): Reading<number> {
  const isHot = hot(gpu);
  return isHot === null ? { unknown: ABSENT } : { value: Number(isHot) };
}
