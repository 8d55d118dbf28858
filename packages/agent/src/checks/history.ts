/**
 * What checks remember from look to look, for faults that only time shows: a slowdown over minutes, an error that repeats within
 * a day, a counter that left its best value. Three kinds, all bounded: `recent` points (in memory only: after a restart a
 * window has to fill again before it says anything), and, durable because a day is longer than the life of a process,
 * `bursts` and `baselines`. Closed lists (`tracked.ts`) say what is tracked. Pure.
 */
import type { Samples } from '@trivet/shared/model/report.ts';
import { burstOf } from './bursts.ts';
import type { Burst } from './bursts.ts';
import type { KernelEvent } from './kernel-event.ts';
import type { Values } from './series.ts';
import { BASELINES, TRACKED } from './tracked.ts';

export interface Point {
  readonly atMs: number;
  /** Flags are 0 and 1. */
  readonly value: number;
}

/** In two parts, so that a look does not copy what a quarter of an hour has brought: 90 points of some 200 series. */
export interface Series {
  /** Some may be older than what is kept. */
  readonly settled: readonly Point[];
  /** At most FRESH_MAX, behind them. */
  readonly fresh: readonly Point[];
}

/** Kept with the agent's state; small, and unchanged from look to look on a healthy node. */
export interface DurableHistory {
  /** When the last line of each burst of a kind came, oldest first, in milliseconds of the node's clock. */
  readonly bursts: { readonly [key: string]: readonly number[] };
  readonly baselines: { readonly [key: string]: number };
}

export interface History {
  /** By series (`seriesOf`), oldest first. */
  readonly recent: ReadonlyMap<string, Series>;
  readonly durable: DurableHistory;
}

export const EMPTY_DURABLE: DurableHistory = { bursts: {}, baselines: {} };
export const EMPTY_HISTORY: History = { recent: new Map(), durable: EMPTY_DURABLE };

/** The longest window that a check asks for, and then some: gpud judges slowdowns over 10 minutes. */
const RECENT_MS = 15 * 60_000;
/** Polls come every 10 s; faster ones are thinned out, so that a series stays within RECENT_MS / SPACING_MS points. */
const SPACING_MS = 5_000;
/** 256 GPUs with a few series each would be a flood: what is more is not tracked. */
const SERIES_MAX = 2048;
const FRESH_MAX = 16;
const NO_POINTS: Series = { settled: [], fresh: [] };
/** NVSentinel counts repeats over a day. */
const BURSTS_MS = 24 * 3_600_000;
const BURSTS_KEPT = 8;
const BURST_KEYS_MAX = 256;
const BASELINES_MAX = 4096;

export interface Look {
  /** Freshly read ones only: an old sample shown again is no new point. */
  readonly samples: Samples;
  readonly events: readonly KernelEvent[];
  readonly atMs: number;
}

/** The history with this look in it. The same object parts are given back where nothing changed. */
export function remember(history: History, { samples, events, atMs }: Look): History {
  return {
    recent: withPoints(
      history.recent,
      TRACKED.flatMap((track) => track(samples)),
      atMs,
    ),
    durable: {
      bursts: withBursts(history.durable.bursts, events, atMs),
      baselines: withBaselines(history.durable.baselines, samples),
    },
  };
}

function withPoints(recent: History['recent'], values: Values, atMs: number): History['recent'] {
  if (values.length === 0) return recent;
  const next = new Map(recent);
  for (const [series, value] of values) {
    const points = next.get(series) ?? NO_POINTS;
    const newest = points.fresh.at(-1);
    // After a clock that was set back the old points are in the future: they would never go.
    const isAhead = newest !== undefined && newest.atMs > atMs;
    const isSoon = newest !== undefined && !isAhead && atMs - newest.atMs < SPACING_MS;
    if (isSoon || (newest === undefined && next.size >= SERIES_MAX)) continue;
    next.set(series, withPoint(isAhead ? NO_POINTS : points, { atMs, value }));
  }
  for (const [series, { fresh }] of next) if ((fresh.at(-1)?.atMs ?? 0) < atMs - RECENT_MS) next.delete(series);
  return next;
}

function withPoint({ settled, fresh }: Series, point: Point): Series {
  if (fresh.length < FRESH_MAX) return { settled, fresh: [...fresh, point] };
  return { settled: [...settled, ...fresh].filter(({ atMs }) => atMs >= point.atMs - RECENT_MS), fresh: [point] };
}

function withBursts(bursts: DurableHistory['bursts'], events: readonly KernelEvent[], atMs: number) {
  const counted = events.flatMap((event) => {
    const found = burstOf(event);
    return found === null ? [] : [{ ...found, eventMs: Date.parse(event.at) }];
  });
  const isOld = (lastMs: number): boolean => lastMs < atMs - BURSTS_MS;
  if (counted.length === 0 && !Object.values(bursts).some(([oldest = atMs]) => isOld(oldest))) return bursts;
  const next = new Map(Object.entries(bursts));
  for (const { key, withinMs, eventMs, ...burst } of counted) {
    const bursts = next.get(key) ?? [];
    const isSame = (lastMs: number): boolean => Math.abs(eventMs - lastMs) <= withinMs;
    // What goes on for minutes is one burst still, not one that came again.
    if (bursts.some(isSame))
      next.set(
        key,
        bursts.map((lastMs) => (isSame(lastMs) ? Math.max(lastMs, eventMs) : lastMs)),
      );
    else if (bursts.length > 0 || hasRoom(next, burst))
      next.set(key, [...bursts, eventMs].toSorted((a, b) => a - b).slice(-BURSTS_KEPT));
  }
  const fresh = [...next].map(([key, bursts]) => [key, bursts.filter((lastMs) => !isOld(lastMs))] as const);
  return Object.fromEntries(fresh.filter(([, bursts]) => bursts.length > 0));
}

function hasRoom(
  bursts: ReadonlyMap<string, unknown>,
  { group, groupMax }: Pick<Burst, 'group' | 'groupMax'>,
): boolean {
  const alike = [...bursts.keys()].filter((key) => key.startsWith(group)).length;
  return alike < groupMax && bursts.size < BURST_KEYS_MAX;
}

function withBaselines(baselines: DurableHistory['baselines'], samples: Samples): DurableHistory['baselines'] {
  const changed = BASELINES.flatMap(({ track, keep }) =>
    track(samples).flatMap(([series, value]) => {
      const before = baselines[series];
      const kept = before === undefined ? value : keep(before, value);
      return kept === before ? [] : [[series, kept] as const];
    }),
  );
  const room = Math.max(0, BASELINES_MAX - Object.keys(baselines).length);
  const isOfOld = ([series]: readonly [string, number]): boolean => Object.hasOwn(baselines, series);
  const added = changed.filter((entry) => !isOfOld(entry)).slice(0, room);
  const taken = [...changed.filter(isOfOld), ...added];
  return taken.length === 0 ? baselines : { ...baselines, ...Object.fromEntries(taken) };
}

/** The points of a series that are at most `windowMs` old. */
export function within(
  { recent }: History,
  series: string,
  { nowMs, windowMs }: { nowMs: number; windowMs: number },
): readonly Point[] {
  const { settled, fresh } = recent.get(series) ?? NO_POINTS;
  const isWithin = ({ atMs }: Point): boolean => atMs > nowMs - windowMs && atMs <= nowMs;
  return [...settled.filter(isWithin), ...fresh.filter(isWithin)];
}

/** Bursts of this kind within the last day, by their last line, oldest first. */
export function burstsOf({ durable }: History, key: string): readonly number[] {
  return durable.bursts[key] ?? [];
}

export function baselineOf({ durable }: History, series: string): number | null {
  return durable.baselines[series] ?? null;
}
