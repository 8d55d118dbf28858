/**
 * A look at the node runs alone, and whoever asks during one gets the next, which is begun after the question: the one under
 * way may have read what has changed since. All who wait share it, so that the queue is never longer than one.
 */
export function oneAtATime<Result>(run: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<unknown> | null = null;
  let next: Promise<Result> | null = null;

  function begin(): Promise<Result> {
    next = null;
    const result = run().finally(() => {
      if (next === null) running = null;
    });
    running = result;
    return result;
  }

  return () => {
    if (running === null) return begin();
    next ??= running.then(begin, begin);
    return next;
  };
}
