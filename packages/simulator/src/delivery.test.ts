import { describe, expect, it } from 'vitest';
import { NotDeliveredError, untilDelivered, type Delivery } from './delivery.ts';

function delivery(over: Partial<Delivery>): Delivery {
  return {
    pass: 2,
    expected: ['a', 'b', 'c'],
    delivered: () => true,
    problemOf: () => null,
    deadlineMs: 100,
    signal: new AbortController().signal,
    ...over,
  };
}

describe('untilDelivered', () => {
  it('resolves when everyone has delivered, and not before', async () => {
    let asked = 0;
    await untilDelivered(
      delivery({
        deadlineMs: 10_000,
        delivered: (node) => {
          asked += 1;
          return node !== 'b' || asked > 6;
        },
      }),
    );
    expect(asked).toBe(9);
  });

  it('fails at the deadline with each node that did not, and why', async () => {
    const waiting = untilDelivered(
      delivery({ delivered: (node) => node === 'b', problemOf: (node) => (node === 'a' ? 'refused' : null) }),
    );
    await expect(waiting).rejects.toThrow(NotDeliveredError);
    await expect(waiting).rejects.toThrow(/pass 2: 2 of 3 nodes .*\n {2}a: refused\n {2}c: nothing heard/);
  });

  it('stops waiting when it is told to', async () => {
    const abort = new AbortController();
    const waiting = untilDelivered(delivery({ delivered: () => false, deadlineMs: 60_000, signal: abort.signal }));
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow();
  });
});
