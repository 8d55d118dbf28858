/** Counters that matter only while they rise: judged by what they gained within the window, never by what they have. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import type { AmdCondition } from './amd-condition.ts';
import type { CheckInput } from './check.ts';
import { within } from './history.ts';
import { seriesOf } from './series.ts';

/** As long as the history keeps points. */
const WINDOW_MS = 15 * 60_000;

interface Growth {
  readonly code: string;
  /** A series that the history tracks. */
  readonly reading: string;
  readonly read: (gpu: AmdGpu) => Reading<number>;
  readonly limit: number;
  readonly words: string;
}

/** From the first point of the window to the last; a counter that began anew (driver loaded) gained what it has since. */
function gained(gpu: AmdGpu, reading: string, { history, at }: CheckInput): { by: number; overMs: number } | null {
  const points = within(history, seriesOf(gpu, reading), { nowMs: Date.parse(at), windowMs: WINDOW_MS });
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 2) return null;
  const by = points.slice(1).reduce((sum, { value }, index) => {
    const before = points[index]?.value ?? value;
    return sum + (value >= before ? value - before : value);
  }, 0);
  return { by, overMs: last.atMs - first.atMs };
}

/** Holds at the limit; over when a whole window has passed at less than half of it. */
export function growth({ code, reading, read, limit, words }: Growth): AmdCondition {
  return {
    code,
    holds: (gpu, input) => {
      const found = known(read(gpu)) ? gained(gpu, reading, input) : null;
      if (found === null) return null;
      if (found.by >= limit) return true;
      return found.by < limit / 2 && found.overMs >= WINDOW_MS * 0.9 ? false : null;
    },
    text: () => `${words}: ${limit} or more within ${WINDOW_MS / 60_000} min`,
  };
}
