import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BACKOFF, backoffMs } from './backoff.ts';

describe('backoffMs', () => {
  it('stays between its bounds for any number of failures', () => {
    const attempts = fc.nat({ max: 1_000_000 });
    const randoms = fc.double({ min: 0, max: 1, noNaN: true });
    const property = fc.property(attempts, randoms, (attempt, random) => {
      const wait = backoffMs(attempt, random, BACKOFF);
      expect(wait).toBeGreaterThanOrEqual(1000);
      expect(wait).toBeLessThanOrEqual(60_000);
    });
    fc.assert(property);
  });

  it('widens with each failure and spreads over the whole range', () => {
    expect([0, 1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, 1, BACKOFF))).toEqual([
      4000, 8000, 16_000, 32_000, 60_000, 60_000,
    ]);
    expect(backoffMs(9, 0, BACKOFF)).toBe(1000);
    expect(backoffMs(9, 0.5, BACKOFF)).toBe(30_500);
  });
});
