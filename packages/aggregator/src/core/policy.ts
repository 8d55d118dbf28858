/** Numbers that people review, each with its reason. They can only tighten what `safety/` holds, never loosen it. */
export interface Limit {
  /** Basis points (1/100 of a percent) of N, so that no float decides. */
  readonly percentBasisPoints: number;
  readonly floor: number;
  /** Null: none. */
  readonly ceiling: number | null;
  readonly why: string;
}

export interface Policy {
  /** Of the cluster. */
  readonly unavailable: Limit;
  /** Most nodes of one failure domain, by kind, that may be out at once. */
  readonly domains: { readonly [kind: string]: { readonly max: number; readonly why: string } };
  /** Nodes that must stay healthy, in the cluster. */
  readonly minimumHealthy: { readonly count: number; readonly why: string };
  /** Nodes that policy protects, by name. */
  readonly protect: { readonly nodes: readonly string[]; readonly why: string };
  /** Health without a break before a node counts as settled. */
  readonly healthyDelay: { readonly seconds: number; readonly why: string };
  /** Age at which each leg is stale. */
  readonly legMaxAge: {
    readonly inventorySeconds: number;
    readonly telemetrySeconds: number;
    readonly clusterSeconds: number;
    readonly why: string;
  };
  /** Of the agents: a node is stale after three of these. */
  readonly reportInterval: { readonly seconds: number; readonly why: string };
}

export const DEFAULT_POLICY: Policy = {
  unavailable: {
    percentBasisPoints: 600,
    floor: 1,
    ceiling: 40,
    why: 'large training fleets run with about 5 % of spare GPUs for 99.9 % availability (Delta, SC 2025); nobody can watch more than 40 drains',
  },
  domains: {
    rack: { max: 2, why: 'a rack shares power, cooling and leaf switches: a third node is a sign of a shared cause' },
  },
  minimumHealthy: { count: 1, why: 'a cluster without a healthy node serves nobody' },
  protect: { nodes: [], why: 'none beyond inventory, cluster labels and our own hosts' },
  healthyDelay: { seconds: 3600, why: 'most repeat faults come within the first hour under load after a reset' },
  legMaxAge: {
    inventorySeconds: 86_400,
    telemetrySeconds: 180,
    clusterSeconds: 300,
    why: 'inventory changes by people, daily; telemetry is three report intervals; a cluster read is minutes old at most',
  },
  reportInterval: { seconds: 60, why: 'the default of the agents' },
};

/** N nodes may have this many unavailable: within percent, floor and ceiling, and leaving the minimum healthy. */
export function budgetOf(limit: Limit, population: number, minimumHealthy: number): number {
  const share = Math.floor((limit.percentBasisPoints * population) / 10_000);
  const wanted = limit.percentBasisPoints === 0 ? 0 : Math.max(limit.floor, share);
  const ceiling = limit.ceiling ?? population;
  return Math.max(0, Math.min(ceiling, population - Math.max(1, minimumHealthy), wanted));
}
