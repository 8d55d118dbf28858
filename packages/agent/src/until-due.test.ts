import { describe, expect, it } from 'vitest';
import { untilDue } from './until-due.ts';

const FOR_EVER_MS = 1e9;

describe('untilDue', () => {
  it('looks until it is due, and then no more', async () => {
    let looks = 0;
    const { signal } = new AbortController();
    await untilDue(() => (looks += 1) === 3, { everyMs: 1, atMostMs: FOR_EVER_MS, signal });
    await untilDue(() => true, { everyMs: 1, atMostMs: FOR_EVER_MS, signal });
    expect(looks).toBe(3);
  });

  it('ends in time when it never is', async () => {
    const { signal } = new AbortController();
    await expect(untilDue(() => false, { everyMs: 1, atMostMs: 5, signal })).resolves.toBeUndefined();
  });

  it('ends when it is told to', async () => {
    const stopping = new AbortController();
    const waiting = untilDue(() => false, { everyMs: 1, atMostMs: FOR_EVER_MS, signal: stopping.signal });
    stopping.abort();
    await expect(waiting).resolves.toBeUndefined();
  });
});
