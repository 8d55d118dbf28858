/**
 * Temperature at or over the point at which the board slows itself down. Boards under load run close to it by design, so that it
 * has to stay there, and has to leave it well behind before it is over.
 */
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import type { CheckInput } from './check.ts';
import { conditionCheck, print } from './condition.ts';
import { seriesOf } from './series.ts';
import { newest, spanMs } from './window.ts';

/** A dozen polls: one load step is over by then. */
const HOT_MS = 120_000;
const HOT_POINTS_MIN = 4;
/** Three degrees are what separates the slowdown from the highest working temperature on today's boards; and some. */
const COOL_CELSIUS = -5;

function staysOver(gpu: NvidiaGpu, input: CheckInput, reading: string): boolean | null {
  const points = newest(input, seriesOf(gpu, reading), HOT_MS);
  if (points.length < HOT_POINTS_MIN || spanMs(points) < HOT_MS / 2) return null;
  if (points.every(({ value }) => value >= 0)) return true;
  return points.every(({ value }) => value <= COOL_CELSIUS) ? false : null;
}

export const temperature = conditionCheck('temperature', [
  {
    code: 'temperature.slowdown',
    holds: (gpu, input) => staysOver(gpu, input, 'over-slowdown-celsius'),
    text: ({ temperatureLimitMarginsCelsius, temperatureLimitsCelsius }) =>
      `for ${HOT_MS / 60_000} min at the slowdown temperature or over it: ` +
      `${print(temperatureLimitsCelsius.slowdown)} C, or a margin of ${print(temperatureLimitMarginsCelsius.slowdown)} C`,
  },
  {
    code: 'temperature.memory',
    holds: (gpu, input) => staysOver(gpu, input, 'memory-over-limit-celsius'),
    text: ({ temperatureLimitsCelsius }) =>
      `for ${HOT_MS / 60_000} min at the highest memory temperature or over it: ${print(temperatureLimitsCelsius.memoryMax)} C`,
  },
]);
