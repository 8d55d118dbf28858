/**
 * A pass of the demo starts when every node that is not silent has delivered its report for it, and not a moment later or
 * earlier: then the same seed gives the same sets on a fast machine and on a slow one. A node that does not deliver fails
 * the run; sets that depend on who was in time are worth nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Delivery {
  readonly pass: number;
  /** Nodes that have to deliver. */
  readonly expected: readonly string[];
  /** Whether the aggregator has this node's report for this pass. */
  readonly delivered: (node: string) => boolean;
  /** What is known of a node that does not deliver. */
  readonly problemOf: (node: string) => string | null;
  /** Wall time. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

const POLL_MS = 20;
/** Nodes named in the error; the rest is counted. */
const NAMED_MAX = 20;

export class NotDeliveredError extends Error {
  override readonly name = 'NotDeliveredError';
  readonly nodes: readonly string[];

  constructor({ pass, problemOf, deadlineMs, expected }: Delivery, nodes: readonly string[]) {
    const named = nodes.slice(0, NAMED_MAX).map((node) => `  ${node}: ${problemOf(node) ?? 'nothing heard'}`);
    const more = nodes.length > NAMED_MAX ? [`  and ${nodes.length - NAMED_MAX} more`] : [];
    const head = `pass ${pass}: ${nodes.length} of ${expected.length} nodes did not deliver within ${deadlineMs / 1000} s:`;
    super([head, ...named, ...more].join('\n'));
    this.nodes = nodes;
  }
}

export async function untilDelivered(delivery: Delivery): Promise<void> {
  const end = performance.now() + delivery.deadlineMs;
  for (;;) {
    delivery.signal.throwIfAborted();
    const missing = delivery.expected.filter((node) => !delivery.delivered(node));
    if (missing.length === 0) return;
    if (performance.now() >= end) throw new NotDeliveredError(delivery, missing);
    await sleep(POLL_MS, undefined, { signal: delivery.signal });
  }
}
