/** One row a node: what the three legs and the durable state say of it, put side by side. Everything later reads these. */
import type { Finding, Urgency, Verdict } from '@trivet/shared/model/finding.ts';
import type { ClusterRow, InventoryRow, Observations, TelemetryRow } from '@trivet/shared/model/observation.ts';
import type { Policy } from './policy.ts';
import type { Hold, PassState, Place } from './state.ts';

export type Freshness = 'reporting' | 'stale' | 'silent';
export type ClusterState = 'in-service' | 'cordoned-by-us' | 'cordoned-by-others' | 'down';
export type Identity = 'ok' | 'mismatch' | 'pending';

export interface NodeFacts {
  readonly node: string;
  readonly inventory: InventoryRow | null;
  readonly telemetry: TelemetryRow | null;
  readonly cluster: ClusterRow | null;
  /** Of inventory, or as it last said; null when it never did. */
  readonly place: Place | null;
  /** Of the last report, by the receiver's clock. */
  readonly telemetryAgeSeconds: number | null;
  readonly freshness: Freshness;
  /** Of this node now: unknown when it is not reporting. */
  readonly verdict: Verdict;
  /** Open findings that call for a drain, hard ones, whatever the node's freshness. */
  readonly hardFindings: readonly Finding[];
  /** The strongest open finding of any kind, for display. */
  readonly strongest: Finding | null;
  /** Most urgent of the findings that call for a drain. */
  readonly urgency: Urgency | null;
  readonly healthySince: string | null;
  /** Healthy for the whole delay. */
  readonly settled: boolean;
  /** Null: no hardware was ever seen. */
  readonly identity: Identity | null;
  readonly clusterState: ClusterState | null;
  /** In our mark, but no operation of ours is open: left by a crash, or forged. */
  readonly orphanMark: boolean;
  /** In E: should be serving. */
  readonly expected: boolean;
  readonly managed: boolean;
  /** Who protects it: `inventory`, `policy`, a cluster label, `own host`. Null: nobody. */
  readonly protectedBy: string | null;
  readonly handsOff: boolean;
  readonly ticketedByUs: boolean;
  readonly ticketedByOthers: boolean;
  readonly hold: Hold | null;
  readonly inFlight: string | null;
  readonly lemon: boolean;
}

/** Everything a pass decides from. Nothing else is read: a decision can be replayed from this alone. */
export interface PassInput {
  readonly cluster: string;
  readonly pass: string;
  readonly now: string;
  readonly observations: Observations;
  readonly policy: Policy;
  readonly state: PassState;
  /** Nodes that run the aggregator itself. */
  readonly ownHosts: readonly string[];
}
