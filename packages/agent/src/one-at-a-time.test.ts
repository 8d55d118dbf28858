import { expect, it } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

function setUp() {
  const ends: { readonly resolve: (value: string) => void; readonly reject: (error: Error) => void }[] = [];
  const ask = oneAtATime(() => new Promise<string>((resolve, reject) => ends.push({ resolve, reject })));
  return { ends, ask };
}

it('begins at once, and one that is asked for meanwhile after it, once for all who wait', async () => {
  const { ends, ask } = setUp();
  const first = ask();
  const waiting = [ask(), ask(), ask()];
  expect(ends).toHaveLength(1);
  ends[0]?.resolve('first');
  expect(await first).toBe('first');
  const later = ask();
  expect(ends).toHaveLength(2);
  ends[1]?.resolve('second');
  expect(await Promise.all(waiting)).toEqual(['second', 'second', 'second']);
  ends[2]?.resolve('third');
  expect(await later).toBe('third');
});

it('goes on after a failure, which is told to those who asked for that run', async () => {
  const { ends, ask } = setUp();
  const first = ask();
  const second = ask();
  ends[0]?.reject(new Error('no'));
  await expect(first).rejects.toThrow('no');
  ends[1]?.resolve('yes');
  expect(await second).toBe('yes');
  void ask();
  expect(ends).toHaveLength(3);
});
