/**
 * Which candidates, in which order. Order: urgency; idle nodes first; then nodes of gangs that are hit already; then a
 * shuffle, because a sorted list follows racks. One by one against the limits that are left.
 */
import { URGENCIES } from '@trivet/shared/model/finding.ts';
import type { Refusal } from '@trivet/shared/model/plan.ts';
import { isForeground } from './derive.ts';
import type { NodeFacts } from './facts.ts';
import type { Limits, NodeLimit } from './limits.ts';

export interface Selection {
  readonly planned: readonly NodeFacts[];
  readonly refusals: readonly Refusal[];
}

export function select(
  candidates: readonly NodeFacts[],
  limits: Limits,
  seed: string,
  hitGangs: ReadonlySet<string>,
): Selection {
  const planned: NodeFacts[] = [];
  const refusals: Refusal[] = [];
  for (const facts of inOrder(candidates, seed, hitGangs)) {
    const own = limits.of(facts);
    const over = own.filter((limit) => !fits(limit, facts.node));
    if (over.length > 0) {
      refusals.push(...over.map((limit) => refuse(facts.node, limit)));
      continue;
    }
    for (const { users } of own) users.add(facts.node);
    planned.push(facts);
  }
  return { planned, refusals };
}

function fits({ limit, users }: NodeLimit, node: string): boolean {
  return users.size + (users.has(node) ? 0 : 1) <= limit;
}

/** Users named in one refusal; all of them are in `derived/unavailable`. A thousand refusals times a thousand users help nobody. */
export const USERS_SHOWN = 20;

function refuse(node: string, { code, what, limit, users, why }: NodeLimit): Refusal {
  return {
    node,
    code,
    limit,
    current: users.size,
    needed: 1,
    users: smallest(users, USERS_SHOWN),
    text: `${what}: ${users.size} of ${limit} used, 1 more is needed (${why})`,
  };
}

/** The `count` first names in order, without sorting them all. */
function smallest(names: ReadonlySet<string>, count: number): string[] {
  const out: string[] = [];
  for (const name of names) {
    if (out.length === count && name >= (out.at(-1) ?? '')) continue;
    out.push(name);
    out.sort();
    if (out.length > count) out.pop();
  }
  return out;
}

function inOrder(candidates: readonly NodeFacts[], seed: string, hitGangs: ReadonlySet<string>): NodeFacts[] {
  const keyed = candidates.map((facts) => ({
    facts,
    urgency: facts.urgency === null ? URGENCIES.length : URGENCIES.indexOf(facts.urgency),
    work: workRank(facts, hitGangs),
    shuffle: shuffleKey(seed, facts.node),
  }));
  keyed.sort((a, b) => a.urgency - b.urgency || a.work - b.work || a.shuffle - b.shuffle || compare(a.facts, b.facts));
  return keyed.map(({ facts }) => facts);
}

function compare(a: NodeFacts, b: NodeFacts): number {
  return a.node < b.node ? -1 : 1;
}

/** 0 idle, 1 work that is interrupted already, 2 work that is not. */
function workRank({ cluster }: NodeFacts, hitGangs: ReadonlySet<string>): number {
  const work = cluster?.work.filter(isForeground) ?? [];
  if (work.length === 0) return 0;
  return work.every(({ gang }) => gang !== null && hitGangs.has(gang)) ? 1 : 2;
}

/** Gangs with a member on a node that is out already: one more of their nodes costs no further restart. */
export function gangsOn(facts: readonly NodeFacts[]): Set<string> {
  const gangs = facts.flatMap(({ cluster }) => cluster?.work.map(({ gang }) => gang) ?? []);
  return new Set(gangs.filter((gang) => gang !== null));
}

/**
 * A node's place in the shuffle: a hash of seed and name, so that one node more or less moves no other, and the order of
 * the input does not matter. FNV-1a (32 bit) with MurmurHash3's finaliser, whose every input bit moves every output bit.
 */
export function shuffleKey(seed: string, node: string): number {
  let hash = 0x811c9dc5;
  const text = `${seed}\0${node}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The seed of a pass: written to pass.json, so that the order can be made again. */
export function seedOf(cluster: string, pass: string): string {
  return shuffleKey(cluster, pass).toString(16).padStart(8, '0');
}
