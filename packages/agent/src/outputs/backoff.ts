/**
 * How long to wait before the next connection: exponential with jitter over the whole range, so that a fleet that lost its
 * aggregator at one instant does not come back at one instant.
 */
export interface BackoffBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

export const BACKOFF: BackoffBounds = { minMs: 1000, maxMs: 60_000 };

/** `attempt` counts failures in a row from 0; `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number, { minMs, maxMs }: BackoffBounds): number {
  // The first range is already four times as wide as the least wait: most outages are one restart of the aggregator.
  const ceiling = Math.min(maxMs, minMs * 4 * 2 ** Math.min(attempt, 30));
  return Math.round(minMs + random * (ceiling - minMs));
}
