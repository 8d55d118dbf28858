/**
 * Everything that limits how many nodes may be out at once, as one shape: a name, a number, and the nodes that use it now.
 * A union of names, so nobody is counted twice, whoever took the node out. A step is allowed when it fits all its limits.
 */
import { DOMAIN_KINDS } from '@trivet/shared/model/observation.ts';
import type { RefusalCode } from '@trivet/shared/model/plan.ts';
import {
  HOUR_CORDONS_MIN,
  HOUR_CORDONS_PER_THOUSAND,
  PASS_CORDONS_MIN,
  PASS_CORDONS_PER_THOUSAND,
  SMALL_POPULATION,
  UNAVAILABLE_MAX_PERCENT,
} from '../safety/constants.ts';
import type { NodeFacts, PassInput } from './facts.ts';
import type { NodeSet } from './node-set.ts';
import { budgetOf, type Policy } from './policy.ts';
import type { Sets } from './recipes.ts';
import { ofNode } from './state.ts';

export interface NodeLimit {
  readonly code: Extract<RefusalCode, 'budget' | 'pool' | 'last-node' | 'domain' | 'rate'>;
  /** `cluster sjc-train`, `rack r7`, … */
  readonly what: string;
  readonly limit: number;
  /** Nodes that use it: they grow as steps are planned. */
  readonly users: Set<string>;
  readonly why: string;
}

export interface Limits {
  /** Those that hold for every node. */
  readonly shared: readonly NodeLimit[];
  of(facts: NodeFacts): readonly NodeLimit[];
  readonly budget: NodeLimit;
}

export function buildLimits(input: PassInput, facts: readonly NodeFacts[], sets: Sets): Limits {
  const unavailable = new Set(sets.get('derived/unavailable') ?? []);
  const expected = facts.filter((row) => row.expected);
  const budget = clusterLimit(input, expected, unavailable);
  const shared = [budget, ...rateLimits(input, expected.length)];
  const pools = groupLimits(expected, unavailable, poolOf, poolLimits);
  const domains = kindsOf(expected, input.policy).map((kind) => ({
    kind,
    limits: groupLimits(expected, unavailable, (row) => domainOf(row, kind), domainLimits(kind, input.policy)),
  }));
  return {
    budget,
    shared,
    of: (row) => [
      ...shared,
      ...(pools.get(poolOf(row)) ?? []),
      ...domains.flatMap(({ kind, limits }) => limits.get(domainOf(row, kind)) ?? []),
    ],
  };
}

/** Nodes without a pool, or without a domain of a kind, share one: not knowing where a node stands must not free it. */
export const NOT_KNOWN = '(not known)';

export function poolOf(facts: NodeFacts): string {
  return facts.place?.pool ?? NOT_KNOWN;
}

export function domainOf(facts: NodeFacts, kind: string): string {
  return ofNode(facts.place?.domains ?? {}, kind) ?? NOT_KNOWN;
}

/** `population`: N of the policy, those that may be acted on at all. */
function clusterLimit(input: PassInput, expected: readonly NodeFacts[], unavailable: ReadonlySet<string>): NodeLimit {
  const { policy } = input;
  const population = expected.filter((row) => row.protectedBy === null && !row.handsOff).length;
  const own = budgetOf(policy.unavailable, population, policy.minimumHealthy.count);
  return {
    code: 'budget',
    what: `cluster ${input.cluster}`,
    limit: Math.min(own, quarterOf(expected.length) ?? own),
    users: new Set(unavailable),
    why: policy.unavailable.why,
  };
}

/** Null where the population is too small for a share to mean anything. */
function quarterOf(population: number): number | null {
  return population > SMALL_POPULATION ? Math.floor((population * UNAVAILABLE_MAX_PERCENT) / 100) : null;
}

function rateLimits(input: PassInput, expected: number): NodeLimit[] {
  const hourAgo = Date.parse(input.now) - 3_600_000;
  const recent = input.state.cordons.filter(({ at }) => !(Date.parse(at) <= hourAgo)).map(({ node }) => node);
  return [
    {
      code: 'rate',
      what: 'new cordons in one pass',
      limit: Math.max(PASS_CORDONS_MIN, Math.floor((expected * PASS_CORDONS_PER_THOUSAND) / 1000)),
      users: new Set(),
      why: 'safety: capacity must not go faster than people can look',
    },
    {
      code: 'rate',
      what: 'new cordons in an hour',
      limit: Math.max(HOUR_CORDONS_MIN, Math.floor((expected * HOUR_CORDONS_PER_THOUSAND) / 1000)),
      users: new Set(recent),
      why: 'safety: capacity must not go faster than people can look',
    },
  ];
}

type MakeLimits = (name: string, members: NodeSet, users: NodeSet) => NodeLimit[];

function groupLimits(
  rows: readonly NodeFacts[],
  unavailable: ReadonlySet<string>,
  key: (row: NodeFacts) => string,
  make: MakeLimits,
): Map<string, NodeLimit[]> {
  const groups = Map.groupBy(rows, key);
  return new Map(
    [...groups].map(([name, members]) => {
      const names = members.map(({ node }) => node);
      return [
        name,
        make(
          name,
          names,
          names.filter((node) => unavailable.has(node)),
        ),
      ];
    }),
  );
}

const QUARTER_WHY = `safety: at most ${UNAVAILABLE_MAX_PERCENT} % of any population above ${SMALL_POPULATION}`;

function poolLimits(name: string, members: NodeSet, users: NodeSet): NodeLimit[] {
  const quarter = quarterOf(members.length);
  const last: NodeLimit = {
    code: 'last-node',
    what: `pool ${name}, its last node`,
    limit: members.length - 1,
    users: new Set(users),
    why: 'safety: a pool keeps its last node',
  };
  if (quarter === null) return [last];
  const share: NodeLimit = {
    code: 'pool',
    what: `pool ${name}`,
    limit: quarter,
    users: new Set(users),
    why: QUARTER_WHY,
  };
  return [share, last];
}

/** Those that everybody knows, those that policy limits, and those that any expected node stands in. */
function kindsOf(expected: readonly NodeFacts[], { domains }: Policy): string[] {
  const seen = expected.flatMap(({ place }) => Object.keys(place?.domains ?? {}));
  return [...new Set([...DOMAIN_KINDS, ...Object.keys(domains), ...seen])].sort();
}

/** Safety's quarter holds for every kind of domain, also for one that policy does not mention. */
function domainLimits(kind: string, { domains }: Policy): MakeLimits {
  const stated = ofNode(domains, kind);
  return (name, members, users) => {
    const limit = Math.min(stated?.max ?? Infinity, quarterOf(members.length) ?? Infinity);
    if (limit === Infinity) return [];
    return [{ code: 'domain', what: `${kind} ${name}`, limit, users: new Set(users), why: stated?.why ?? QUARTER_WHY }];
  };
}
