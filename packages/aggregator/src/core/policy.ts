/** Numbers that people review, each with its reason. They can only tighten what `safety/` holds. */

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
  /** Most nodes of one domain of a kind that may be out at once. */
  readonly domains: { readonly [kind: string]: { readonly max: number; readonly why: string } };
  readonly minimumHealthy: { readonly count: number; readonly why: string };
  /** Nodes that policy protects, by name. */
  readonly protect: readonly string[];
  /** Seconds of health before a node counts as settled. */
  readonly healthyDelaySeconds: number;
  /** Age at which each leg is stale. */
  readonly legMaxAgeSeconds: { readonly inventory: number; readonly telemetry: number; readonly cluster: number };
  readonly reportIntervalSeconds: number;
}
