import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { describe, expect, it } from 'vitest';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';
import { OverTime } from './over-time.fixture.ts';

const none = { unknown: 'not available' };
const { temperatureLimitsCelsius: limits, temperatureLimitMarginsCelsius: margins } = gpuFixture();

function gpu(over: Partial<NvidiaGpu>) {
  return { nvidia: sampleFixture([gpuFixture(over)]) };
}
/** The slowdown comes at a margin of -2 degrees. */
const byMargin = (margin: number) => gpu({ temperatureMarginCelsius: { value: margin } });
const byDegrees = (celsius: number) =>
  gpu({
    temperatureCelsius: { value: celsius },
    temperatureMarginCelsius: none,
    temperatureLimitMarginsCelsius: { ...margins, slowdown: none },
    temperatureLimitsCelsius: { ...limits, slowdown: { value: 89 } },
  });

describe.each([
  ['a margin', byMargin, { over: -2, close: 0, well: 3 }],
  ['degrees', byDegrees, { over: 89, close: 86, well: 84 }],
] as const)('temperature by %s', (_, read, { over, close, well }) => {
  const open = ['temperature.slowdown@0000:1b:00.0'];

  it('opens after two minutes at the limit, and closes five degrees below', () => {
    const watch = new OverTime();
    expect(watch.minutes(0.5, read(over))).toEqual([]);
    expect(watch.minutes(2, read(over))).toEqual(open);
    expect(watch.minutes(5, read(close))).toEqual(open);
    expect(watch.minutes(2.5, read(well))).toEqual([]);
    expect(watch.texts).toContain([...watch.texts].find((text) => text.includes('slowdown temperature')));
  });

  it('one look below the limit keeps it from opening', () => {
    const watch = new OverTime();
    expect(watch.minutes(10, (look) => read(look % 6 === 0 ? close : over))).toEqual([]);
  });
});

describe('temperature of the memory', () => {
  const memory = (celsius: number, limit: number) =>
    gpu({
      memoryTemperatureCelsius: { value: celsius },
      temperatureLimitsCelsius: { ...limits, memoryMax: { value: limit } },
    });

  it('is judged by degrees, where a limit is given', () => {
    expect(new OverTime().minutes(3, memory(101, 95))).toEqual(['temperature.memory@0000:1b:00.0']);
    expect(new OverTime().minutes(3, memory(94, 95))).toEqual([]);
    expect(new OverTime().minutes(3, memory(101, 0))).toEqual([]);
  });
});
