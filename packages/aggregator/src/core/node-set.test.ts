import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { has, intersect, nodeSet, printSet, subtract, union } from './node-set.ts';

const names = fc.array(fc.stringMatching(/^[a-e][a-e0-3.-]{0,3}$/)).map(nodeSet);

describe('node set', () => {
  it('agrees with Set on every operation', () => {
    fc.assert(
      fc.property(names, names, (a, b) => {
        const [left, right] = [new Set(a), new Set(b)];
        expect(union(a, b)).toEqual([...left.union(right)].sort());
        expect(intersect(a, b)).toEqual([...left.intersection(right)].sort());
        expect(subtract(a, b)).toEqual([...left.difference(right)].sort());
        expect([...a, ...b].every((name) => has(a, name) === left.has(name))).toBe(true);
      }),
    );
  });

  it('prints one name a line, and nothing for nothing', () => {
    expect(printSet(nodeSet(['b', 'a', 'b']))).toBe('a\nb\n');
    expect(printSet([])).toBe('');
  });
});
