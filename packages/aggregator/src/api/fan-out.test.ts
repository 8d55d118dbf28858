import { describe, expect, it } from 'vitest';
import { fanOut } from './fan-out.ts';

const items = Array.from({ length: 20 }, (_, index) => index);

/** Work that ends when the test says so. */
function gate() {
  const open: (() => void)[] = [];
  let underWay = 0;
  let most = 0;
  const begun: number[] = [];
  return {
    begun,
    most: () => most,
    work: (item: number) => {
      begun.push(item);
      most = Math.max(most, (underWay += 1));
      return new Promise<void>((resolve) => {
        open.push(() => {
          underWay -= 1;
          resolve();
        });
      });
    },
    release: async () => {
      for (const end of open.splice(0)) end();
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    },
  };
}

describe('fan-out', () => {
  it('works on each item once, and never on more than its limit at once', async () => {
    const { begun, most, work, release } = gate();
    const done = fanOut(items, { concurrency: 3, signal: new AbortController().signal }, work);
    for (let round = 0; round < items.length; round++) {
      expect(begun.length).toBe(Math.min(items.length, 3 * (round + 1)));
      await release();
    }
    expect(await done).toBe(items.length);
    expect(begun).toEqual(items);
    expect(most()).toBe(3);
  });

  it('begins nothing more once it is aborted, and waits for what is under way', async () => {
    const { begun, work, release } = gate();
    const stop = new AbortController();
    let ended = false;
    const done = fanOut(items, { concurrency: 4, signal: stop.signal }, work).finally(() => (ended = true));
    stop.abort();
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    expect(ended).toBe(false);
    await release();
    expect(await done).toBe(4);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it('is done at once with nothing to do', async () => {
    expect(await fanOut([], { concurrency: 3, signal: new AbortController().signal }, () => Promise.resolve())).toBe(0);
  });
});
