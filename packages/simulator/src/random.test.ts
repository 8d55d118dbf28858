import { describe, expect, it } from 'vitest';
import { randomOf } from './random.ts';

describe('randomOf', () => {
  it('gives the same draws for the same seed and scope, on every machine', () => {
    const random = randomOf(7, 'a', 1);
    expect([random.int(1000), random.int(1000), random.int(1000), random.hex(8)]).toEqual([950, 985, 244, '4caccb49']);
  });

  it('gives other draws for another seed and for another scope', () => {
    const first = (seed: number, scope: string): string => randomOf(seed, scope).hex(16);
    expect(new Set([first(7, 'a'), first(8, 'a'), first(7, 'b')]).size).toBe(3);
  });

  it('spreads evenly: 10,000 draws over ten buckets stay within 10 % of 1,000', () => {
    const random = randomOf(1, 'buckets');
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const bucket = random.int(10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(100);
  });

  it('shuffles without losing or doubling anything, and leaves the list alone', () => {
    const items = Array.from({ length: 50 }, (_, index) => index);
    const shuffled = randomOf(3, 'shuffle').shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(items);
    expect(items).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('refuses to pick from nothing', () => {
    expect(() => randomOf(1).pick([])).toThrow(RangeError);
  });
});
