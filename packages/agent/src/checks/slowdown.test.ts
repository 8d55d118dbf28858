import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { describe, expect, it } from 'vitest';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';
import { OverTime } from './over-time.fixture.ts';

const yes = { value: true };
const counters = gpuFixture().slowdown;

function gpu(over: Partial<NvidiaGpu> = {}) {
  return { nvidia: sampleFixture([gpuFixture(over)]) };
}
const at = (code: string): string[] => [`${code}@0000:1b:00.0`];

describe('slowdown, by how many looks find it', () => {
  it.each([
    ['slowdown.thermal', { hwSlowdown: yes, hwThermalSlowdown: yes }],
    ['slowdown.power-brake', { hwSlowdown: yes, hwPowerBrake: yes }],
    ['slowdown.hardware', { hwSlowdown: yes }],
  ] as const)('%s opens once the window is filled, is said once, and closes when it is over', (code, over) => {
    const watch = new OverTime();
    expect(watch.minutes(7, gpu(over))).toEqual([]);
    expect(watch.minutes(3, gpu(over))).toEqual(at(code));
    // 6 of 10 minutes are left of it, then 3, then less than 2.
    expect(watch.minutes(4, gpu())).toEqual(at(code));
    expect(watch.minutes(3, gpu())).toEqual(at(code));
    expect(watch.minutes(2, gpu())).toEqual([]);
    expect(watch.texts.size).toBe(2);
  });

  it('half of the time opens nothing, and closes nothing', () => {
    const half = (look: number) => gpu(look % 2 === 0 ? { hwSlowdown: yes } : {});
    const watch = new OverTime();
    expect(watch.minutes(30, half)).toEqual([]);
    watch.minutes(10, gpu({ hwSlowdown: yes }));
    expect(watch.minutes(30, half)).toEqual(at('slowdown.hardware'));
  });

  it('a restart neither opens nor closes', () => {
    const watch = new OverTime();
    watch.minutes(10, gpu({ hwSlowdown: yes }));
    watch.restart();
    expect(watch.minutes(5, gpu())).toEqual(at('slowdown.hardware'));
    expect(watch.minutes(5, gpu())).toEqual([]);
  });

  it('readings that are missing for minutes leave the window unfilled', () => {
    const watch = new OverTime();
    watch.minutes(9, {});
    expect(watch.minutes(1, gpu({ hwSlowdown: yes }))).toEqual([]);
  });
});

describe('slowdown, by the counters of time', () => {
  const counted = (hwThermalUs: number) => gpu({ slowdown: { ...counters, hwThermalUs: { value: hwThermalUs } } });

  it('counts what lies between the looks, whatever the flag shows', () => {
    const watch = new OverTime();
    // 7 of every 10 seconds, and the flag is never seen.
    expect(watch.minutes(10, (look) => counted(look * 7_000_000))).toEqual(at('slowdown.thermal'));
  });

  it('believes the counter before the flag', () => {
    const idle = gpu({ hwThermalSlowdown: yes, slowdown: { ...counters, hwThermalUs: { value: 5 } } });
    expect(new OverTime().minutes(20, idle)).toEqual([]);
  });

  it('takes a counter that begins anew for what it shows', () => {
    const watch = new OverTime();
    watch.minutes(5, counted(9_000_000_000));
    expect(watch.minutes(5, counted(0))).toEqual([]);
  });
});
