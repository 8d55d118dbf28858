/** Heat, as a finding that does not come and go with every look. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import type { AmdCondition } from './amd-condition.ts';
import { HOT, heatText, hot } from './amd-heat-values.ts';
import type { CheckInput } from './check.ts';
import { within } from './history.ts';
import { seriesOf } from './series.ts';

/** A board at its limit is over it at one look and under it at the next: the finding goes when it has been cool for so long. */
const COOL_MS = 5 * 60_000;
/** Looks are half a minute apart: the first of the window may be that much inside it. */
const COOL_SEEN_MS = COOL_MS - 60_000;

function hasCooled(gpu: AmdGpu, { history, at }: CheckInput): boolean {
  const points = within(history, seriesOf(gpu, HOT), { nowMs: Date.parse(at), windowMs: COOL_MS });
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return false;
  return last.atMs - first.atMs >= COOL_SEEN_MS && points.every(({ value }) => value === 0);
}

export const heat: AmdCondition = {
  code: 'amd.throttle-thermal',
  holds: (gpu, input) => {
    const isHot = hot(gpu);
    return isHot === false && !hasCooled(gpu, input) ? null : isHot;
  },
  text: heatText,
};
