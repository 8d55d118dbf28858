/**
 * Reads one node: its open findings and whether its senses work. Used by the agent, by `trivet check` and by the core, so that
 * the three never differ. Freshness, history and other nodes are the core's business, not looked at here.
 */
import { actionRank } from '../model/finding.ts';
import type { FaultClass, Finding, Verdict } from '../model/finding.ts';
import type { Signal } from '../model/node.ts';

/** An application's error, a symptom and a note say nothing about the node. */
const LEAVES_NODE_ALONE: ReadonlySet<FaultClass> = new Set(['ignore', 'app', 'follow']);
const CONDEMNS = actionRank('drain-and-reset');

function condemns(finding: Finding): boolean {
  return actionRank(finding.action) >= CONDEMNS;
}

/**
 * Unhealthy before unknown before degraded before healthy. A finding stays open while the collector behind it fails: nothing
 * has closed it. Soft or hard makes no difference here: that a soft finding drains nobody alone is the core's to say, with a
 * refusal that everybody can read.
 */
export function verdict(findings: readonly Finding[], signals: readonly Signal[]): Verdict {
  const open = findings.filter(({ state }) => state === 'open');
  if (open.some(condemns)) return 'unhealthy';
  if (signals.some(({ required, state }) => required && state !== 'ok')) return 'unknown';
  return open.every((finding) => LEAVES_NODE_ALONE.has(finding.class)) ? 'healthy' : 'degraded';
}

const URGENCY_RANK = { now: 2, soon: 1, watch: 0 } as const;

function decides(finding: Finding): number {
  return Number(finding.strength === 'hard' && condemns(finding));
}

/** What may drain alone comes first; then action, urgency, age and id: the same answer for the same findings in any order. */
function compare(a: Finding, b: Finding): number {
  return (
    decides(b) - decides(a) ||
    actionRank(b.action) - actionRank(a.action) ||
    URGENCY_RANK[b.urgency] - URGENCY_RANK[a.urgency] ||
    order(a.firstSeen, b.firstSeen) ||
    order(a.id, b.id)
  );
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The open finding that decides what happens to the node; null when none is open. */
export function strongest(findings: readonly Finding[]): Finding | null {
  const open = findings.filter(({ state }) => state === 'open');
  return open.toSorted(compare)[0] ?? null;
}
