import { describe, expect, it } from 'vitest';
import { EMPTY_HISTORY, remember, within } from './history.ts';
import type { History } from './history.ts';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';
import { seriesOf } from './series.ts';

const GPU = gpuFixture();
const SERIES = seriesOf(GPU, 'utilization');

function look(history: History, atMs: number, utilization: number | null = 0.5): History {
  const reading = utilization === null ? { unknown: 'not available' } : { value: utilization };
  const nvidia = sampleFixture([gpuFixture({ utilizationRatio: reading })]);
  return remember(history, { samples: { nvidia }, events: [], atMs });
}

function points(history: History): number[] {
  const { settled, fresh } = history.recent.get(SERIES) ?? { settled: [], fresh: [] };
  return [...settled, ...fresh].map(({ atMs }) => atMs / 1000);
}

describe('recent points', () => {
  it('keeps a quarter of an hour, thinned to one in five seconds', () => {
    let history = EMPTY_HISTORY;
    for (let second = 0; second <= 3600; second++) history = look(history, second * 1000);
    const kept = within(history, SERIES, { nowMs: 3_600_000, windowMs: 900_001 });
    expect(kept).toHaveLength(181);
    expect([kept[0]?.atMs, kept.at(-1)?.atMs]).toEqual([2_700_000, 3_600_000]);
    // A few older ones wait for the next clearing.
    expect(points(history).length).toBeLessThanOrEqual(181 + 16);
  });

  it('does not take a reading that is not known for zero', () => {
    expect(points(look(EMPTY_HISTORY, 0, null))).toEqual([]);
  });

  it('forgets what lies in the future after a clock was set back', () => {
    expect(points(look(look(EMPTY_HISTORY, 3_600_000), 1000))).toEqual([1]);
  });

  it('drops the series of a GPU that is not seen any more', () => {
    const before = look(EMPTY_HISTORY, 0);
    const other = sampleFixture([gpuFixture({ uuid: 'GPU-00000000-0000-0000-0000-000000000002' })]);
    const after = remember(before, { samples: { nvidia: other }, events: [], atMs: 3_600_000 });
    expect(
      [...after.recent.keys()].filter((series) => !series.startsWith('GPU-00000000-0000-0000-0000-000000000002')),
    ).toEqual([]);
    expect(points(after)).toEqual([]);
  });

  it('answers a window by its age, not by its place', () => {
    const history = [0, 10, 20, 30].reduce((past, second) => look(past, second * 1000), EMPTY_HISTORY);
    expect(within(history, SERIES, { nowMs: 30_000, windowMs: 20_000 }).map(({ atMs }) => atMs)).toEqual([
      20_000, 30_000,
    ]);
    expect(within(history, 'GPU-x/utilization', { nowMs: 30_000, windowMs: 20_000 })).toEqual([]);
  });

  it('gives the same parts back where a look brought nothing', () => {
    const history = look(EMPTY_HISTORY, 0);
    const next = remember(history, { samples: {}, events: [], atMs: 1000 });
    expect(next.recent).toBe(history.recent);
    expect(next.durable.bursts).toBe(history.durable.bursts);
    expect(next.durable.baselines).toBe(history.durable.baselines);
  });
});
