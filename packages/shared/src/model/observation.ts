/**
 * The three legs as the core sees them, and as `observations/*.json` keeps them. An observation that is not complete, or
 * too old, or has errors never means "nothing there".
 */
import type { Finding, Verdict } from './finding.ts';
import type { Hardware, Signal } from './node.ts';

export const LEGS = ['inventory', 'telemetry', 'cluster'] as const;
export type Leg = (typeof LEGS)[number];

export interface ObservationError {
  /** `inventory.duplicate-node`, `cluster.timeout`, … */
  readonly code: string;
  /** File and line, or path into the document. */
  readonly where: string;
  /** What is wrong and how to mend it. */
  readonly message: string;
}

/** `observedAt` of a leg that could not be read at all. */
export const NEVER_OBSERVED = '1970-01-01T00:00:00.000Z';

export interface Observation<Row> {
  readonly leg: Leg;
  readonly cluster: string;
  readonly observedAt: string;
  /** False when anything is missing: then `errors` says what. */
  readonly complete: boolean;
  readonly errors: readonly ObservationError[];
  readonly rows: readonly Row[];
}

export const LIFECYCLES = ['planned', 'in-service', 'in-repair', 'spare', 'decommissioned'] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];

/** Kinds of failure domain. A node whose domain is not known shares one common domain with every other such node. */
export const DOMAIN_KINDS = ['rack', 'switch', 'power', 'nvlink'] as const;

export interface HandsOff {
  readonly until: string | null;
  readonly by: string;
  readonly why: string;
}

export interface Ticket {
  readonly id: string;
  /** Ours when it equals `TRIVET`. */
  readonly by: string;
  readonly url: string | null;
}
/** The name under which Trivet opens tickets and cordons nodes. */
export const TRIVET = 'trivet';

export interface InventoryRow {
  readonly node: string;
  readonly lifecycle: Lifecycle;
  readonly pool: string | null;
  readonly role: string | null;
  readonly protected: boolean;
  readonly handsOff: HandsOff | null;
  readonly drainRequested: boolean;
  readonly ticket: Ticket | null;
  readonly serial: string | null;
  readonly gpus: { readonly model: string; readonly count: number } | null;
  /** By kind of failure domain: those of DOMAIN_KINDS, or any other that the site knows (`zone`, `cooling`). */
  readonly domains: { readonly [kind: string]: string };
  /** Replica group: nodes that serve one thing and must not go together. */
  readonly group: string | null;
}

export interface TelemetryRow {
  readonly node: string;
  /** By the receiver's clock: the last report, not the last heartbeat. */
  readonly receivedAt: string;
  /** By the node's clock: comparable with the times of its findings, and with nothing else. Null: not said. */
  readonly takenAt: string | null;
  readonly bootId: string;
  readonly hardware: Hardware;
  /** Of the agent, for display; the core recomputes it from findings and signals. */
  readonly verdict: Verdict;
  /** All open ones of the newest report. */
  readonly findings: readonly Finding[];
  /** Ages as they were when the report was taken. */
  readonly signals: readonly Signal[];
  readonly versions: {
    readonly agent: string | null;
    readonly driver: string | null;
    readonly firmware: string | null;
  };
}

export interface Cordon {
  readonly by: 'us' | 'others';
  readonly who: string | null;
  readonly since: string | null;
  /** The operation id in our mark; null when there is none. */
  readonly mark: string | null;
}

export interface Work {
  readonly id: string;
  /** `pod`, `job`, … as the cluster calls it. */
  readonly kind: string;
  /** Work that stops together: the name of its gang. */
  readonly gang: string | null;
  readonly gpus: number;
  /** Pod class of the drain rules: `daemonset`, `mirror`, `owned`, `unmanaged`, `terminal`, … */
  readonly class: string;
  /** Names of the disruption budgets that cover it. */
  readonly protectedBy: readonly string[];
}

export interface ClusterRow {
  readonly node: string;
  /** Kubernetes node UID; Slurm: boot and start time. */
  readonly uid: string | null;
  readonly ready: boolean;
  readonly schedulable: boolean;
  readonly cordon: Cordon | null;
  readonly drained: boolean;
  readonly work: readonly Work[];
  readonly allocatableGpus: number | null;
  readonly labels: { readonly [name: string]: string };
  readonly reason: string | null;
}

export interface Observations {
  readonly inventory: Observation<InventoryRow>;
  readonly telemetry: Observation<TelemetryRow>;
  readonly cluster: Observation<ClusterRow>;
}
