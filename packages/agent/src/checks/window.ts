/**
 * What a window of points tells: a share of time, what a counter gained. A window that is not filled enough tells nothing, so that
 * neither one bad sample nor the first look after a start opens or closes a finding.
 */
import type { CheckInput } from './check.ts';
import { within } from './history.ts';
import type { Point } from './history.ts';

/** gpud judges slowdowns over 10 minutes; so do we, and other rates as well. */
export const WINDOW_MS = 600_000;
/** Polls come every 10 s: 60 points fill a window, and some may be missed. */
const FILLED_RATIO = 0.8;
/** Also where polls come once a minute. */
const POINTS_MIN = 6;

/** The newest `windowMs` of a series. */
export function newest({ history, at }: CheckInput, series: string, windowMs: number = WINDOW_MS): readonly Point[] {
  return within(history, series, { nowMs: Date.parse(at), windowMs });
}

/** The points of a window that tells something; null: it is not filled enough. */
export function filled(input: CheckInput, series: string, windowMs: number = WINDOW_MS): readonly Point[] | null {
  const points = newest(input, series, windowMs);
  return points.length >= POINTS_MIN && spanMs(points) >= windowMs * FILLED_RATIO ? points : null;
}

export function spanMs(points: readonly Point[]): number {
  return (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
}

export function mean(points: readonly Point[]): number {
  return points.reduce((total, { value }) => total + value, 0) / points.length;
}

/** What a counter gained. One that began anew (the driver was loaded) gained what it shows since then. */
export function gain(points: readonly Point[]): number {
  return points.reduce((total, { value }, index) => {
    const before = points[index - 1]?.value ?? value;
    return total + (value >= before ? value - before : value);
  }, 0);
}

/** True from the one threshold on, false up to the other, and in between nothing changes: what is open stays open. */
export function between(value: number, opens: number, closes: number): boolean | null {
  if (value >= opens) return true;
  return value <= closes ? false : null;
}
