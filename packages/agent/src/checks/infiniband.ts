/**
 * RDMA ports that were up on this node and stay down, that go up and down, or that are slower than they were. A port that was never
 * seen up is not in use here: most adapters have some, and others have condemned nodes for them.
 */
import type { InfinibandPort } from '@trivet/shared/model/infiniband.ts';
import type { Absent, Check, CheckInput, Seen } from './check.ts';
import { baselineOf } from './history.ts';
import { portSeries } from './infiniband-values.ts';
import type { Point } from './history.ts';
import { filled, gain, newest, spanMs } from './window.ts';

export const INFINIBAND = 'infiniband';

/** gpud: a drop is a port that is down for more than 4 minutes. */
const DOWN_MS = 240_000;
const UP_MS = 120_000;
/** The ports are read each half minute; some readings may be missed. */
const FILLED = 0.75;
/** gpud: a flap is three times down and up again. */
const FLAPS = 3;
const SLOW_LOOKS = 3;

interface PortCondition {
  readonly code: string;
  readonly holds: (port: InfinibandPort, input: CheckInput) => boolean | null;
  readonly what: string;
}

function lasts(points: readonly Point[], windowMs: number, value: number): boolean {
  return points.length >= 2 && spanMs(points) >= windowMs * FILLED && points.every((point) => point.value === value);
}

function down(port: InfinibandPort, input: CheckInput): boolean | null {
  const series = portSeries(port, 'up');
  if (baselineOf(input.history, series) !== 1) return false;
  if (lasts(newest(input, series, DOWN_MS), DOWN_MS, 0)) return true;
  return lasts(newest(input, series, UP_MS), UP_MS, 1) ? false : null;
}

/** By the adapter's own count, which misses none, and by what was seen where it has none. */
function flaps(port: InfinibandPort, input: CheckInput): boolean | null {
  const counted = newest(input, portSeries(port, 'link-downed'));
  const seen = newest(input, portSeries(port, 'up'));
  const times = counted.length > 0 ? gain(counted) : rises(seen);
  if (times >= FLAPS) return true;
  return times === 0 && filled(input, portSeries(port, 'up')) !== null ? false : null;
}

function rises(points: readonly Point[]): number {
  return points.filter(({ value }, index) => value === 1 && points[index - 1]?.value === 0).length;
}

function slow(port: InfinibandPort, input: CheckInput): boolean | null {
  const series = portSeries(port, 'rate');
  const best = baselineOf(input.history, series);
  const looks = newest(input, series).slice(-SLOW_LOOKS);
  if (best === null || looks.length < SLOW_LOOKS) return null;
  if (looks.every(({ value }) => value < best)) return true;
  return looks.every(({ value }) => value >= best) ? false : null;
}

const CONDITIONS: readonly PortCondition[] = [
  { code: 'infiniband.port-down', holds: down, what: `down for ${DOWN_MS / 60_000} min or more, and was up before` },
  { code: 'infiniband.flapping', holds: flaps, what: `went down ${FLAPS} times or more within 10 min` },
  { code: 'infiniband.slow', holds: slow, what: 'slower than it was' },
];

/** By its name: each port has its own finding, and its own end. */
function each<Result>(
  { samples }: CheckInput,
  of: (port: InfinibandPort, condition: PortCondition, device: string) => Result | null,
): Result[] {
  return (samples.infiniband?.ports ?? []).flatMap((port) =>
    CONDITIONS.map((condition) => of(port, condition, `${port.device}/${port.port}`)).filter(
      (result) => result !== null,
    ),
  );
}

function run(input: CheckInput): Seen[] {
  return each(input, (port, { code, holds, what }, device) => {
    if (holds(port, input) !== true) return null;
    const layer = port.linkLayer === null ? '' : ` (${port.linkLayer})`;
    const text = `${port.device} port ${port.port}${layer}: ${what}`;
    return { gpu: null, device, code, at: input.at, source: INFINIBAND, text };
  });
}

/** A port that is gone proves nothing: what was open of it stays open. */
function absent(input: CheckInput): Absent[] {
  const at = input.sampledAt ?? input.at;
  return each(input, (port, { code, holds }, device) =>
    holds(port, input) === false ? { gpu: null, device, code, at, source: INFINIBAND } : null,
  );
}

export const infiniband: Check = { name: 'infiniband', needs: [INFINIBAND], run, absent };
