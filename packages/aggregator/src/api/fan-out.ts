/** Works on many items, a few at a time. */

export interface FanOut {
  /** At most this many are under way. */
  readonly concurrency: number;
  /** Once it is aborted no further item is begun; those under way are waited for. */
  readonly signal: AbortSignal;
}

/** Resolves with the number of items that were begun, when all of those are done. `work` must not reject. */
export async function fanOut<Item>(
  items: readonly Item[],
  { concurrency, signal }: FanOut,
  work: (item: Item) => Promise<void>,
): Promise<number> {
  // One iterator for all workers: each takes what nobody has taken.
  const rest = items.values();
  let begun = 0;
  async function worker(): Promise<void> {
    for (const item of rest) {
      if (signal.aborted) return;
      begun += 1;
      await work(item);
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return begun;
}
