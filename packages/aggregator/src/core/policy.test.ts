import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetOf } from './policy.ts';

const limit = { percentBasisPoints: 600, floor: 1, ceiling: 40, why: 'test' };

describe('budget', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [10, 1],
    [33, 1],
    [34, 2],
    [100, 6],
    [667, 40],
    [100_000, 40],
  ])('of %i nodes is %i', (population, budget) => {
    expect(budgetOf(limit, population, 1)).toBe(budget);
  });

  it('is frozen by percent 0 and by ceiling 0', () => {
    expect(budgetOf({ ...limit, percentBasisPoints: 0 }, 100, 1)).toBe(0);
    expect(budgetOf({ ...limit, ceiling: 0 }, 100, 1)).toBe(0);
  });

  it('leaves the minimum healthy, whatever the floor', () => {
    expect(budgetOf({ ...limit, floor: 50 }, 10, 8)).toBe(2);
  });

  it('never takes the last node and never exceeds the ceiling', () => {
    const numbers = fc.record({ percentBasisPoints: fc.nat(10_000), floor: fc.nat(200), ceiling: fc.nat(200) });
    fc.assert(
      fc.property(numbers, fc.nat(5000), fc.nat(50), (own, population, minimum) => {
        const budget = budgetOf({ ...own, why: 'test' }, population, minimum);
        expect(budget).toBeGreaterThanOrEqual(0);
        expect(budget).toBeLessThanOrEqual(own.ceiling);
        expect(budget).toBeLessThanOrEqual(Math.max(0, population - Math.max(1, minimum)));
      }),
    );
  });
});
