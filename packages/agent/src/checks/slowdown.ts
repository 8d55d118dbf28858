/**
 * Clocks held down by the hardware for a good part of the last minutes: by heat, by the power supply, or for a reason that is not
 * told. By the driver's own counters of time where it has them, else by how many looks found it so.
 */
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import type { CheckInput } from './check.ts';
import { conditionCheck } from './condition.ts';
import type { Condition } from './condition.ts';
import { seriesOf } from './series.ts';
import { WINDOW_MS, between, filled, gain, mean, spanMs } from './window.ts';

/** gpud: seen in 0.6 of the minutes of a window of ten. */
const OPENS = 0.6;
const CLOSES = 0.2;

/** Of the window; null: not enough is known of it. */
function share(gpu: NvidiaGpu, input: CheckInput, flag: string): number | null {
  const counted = filled(input, seriesOf(gpu, `${flag}-us`));
  if (counted !== null) return Math.min(1, gain(counted) / 1000 / spanMs(counted));
  const looks = filled(input, seriesOf(gpu, flag));
  return looks === null ? null : mean(looks);
}

function holds(gpu: NvidiaGpu, input: CheckInput, flag: string): boolean | null {
  const part = share(gpu, input, flag);
  return part === null ? null : between(part, OPENS, CLOSES);
}

function condition(code: string, flag: string, what: string): Condition {
  return {
    code,
    holds: (gpu, input) => holds(gpu, input, flag),
    text: () => `${what} for ${OPENS * 100} % or more of ${WINDOW_MS / 60_000} min`,
  };
}

const THERMAL = 'hw-thermal';
const POWER_BRAKE = 'hw-power-brake';

export const slowdown = conditionCheck('slowdown', [
  condition('slowdown.thermal', THERMAL, 'hw_thermal_slowdown'),
  condition('slowdown.power-brake', POWER_BRAKE, 'hw_power_brake_slowdown'),
  {
    ...condition('slowdown.hardware', 'hw-slowdown', 'hw_slowdown'),
    // Where one of the two causes is known there is nothing more to say.
    holds: (gpu, input) =>
      [THERMAL, POWER_BRAKE].some((flag) => holds(gpu, input, flag) === true)
        ? false
        : holds(gpu, input, 'hw-slowdown'),
  },
]);
