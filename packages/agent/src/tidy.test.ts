import { describe, expect, it } from 'vitest';
import { createTidy } from './tidy.ts';

describe('createTidy', () => {
  it('collects once a minute, however often work is done', () => {
    let [nowMs, collected] = [5_000, 0];
    const tidy = createTidy({ nowMs: () => nowMs, collect: () => (collected += 1) });
    const counts = [5_000, 64_999, 65_000, 65_001, 124_999, 125_000].map((atMs) => {
      nowMs = atMs;
      tidy();
      return collected;
    });
    expect(counts).toEqual([0, 0, 1, 1, 1, 2]);
  });

  it('leaves it to V8 where the collector is not lent', () => {
    let nowMs = 0;
    const tidy = createTidy({ nowMs: () => nowMs, collect: undefined });
    nowMs = 1e9;
    expect(tidy).not.toThrow();
  });
});
