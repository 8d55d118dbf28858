/** What a pass decides: steps, and for every suspect that gets none, refusals with numbers. */
import type { Action, Urgency } from './finding.ts';

export const REFUSAL_CODES = [
  'leg-stale',
  'leg-incomplete',
  'not-managed',
  'not-in-service',
  'not-reporting',
  'evidence-soft',
  'identity',
  'protected',
  'hands-off',
  'ticketed',
  'on-hold',
  'owned-by-other',
  'in-flight',
  'budget',
  'pool',
  'domain',
  'group',
  'last-node',
  'rate',
  'in-flight-limit',
  'frozen',
  'headroom',
  'pdb',
  'workload',
  'gang',
  'storm',
  'breaker',
  'recurrence',
  'paused',
  'stopped',
  'policy-loosened',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Numbers are null where a reason has none (a protected node has no limit to be over). */
export interface Refusal {
  readonly node: string;
  readonly code: RefusalCode;
  /** The limit that refused, in nodes unless `text` says otherwise. */
  readonly limit: number | null;
  /** What uses it now. */
  readonly current: number | null;
  /** What this step would need. */
  readonly needed: number | null;
  /** Nodes that use the limit, sorted. */
  readonly users: readonly string[];
  readonly text: string;
}

export interface Step {
  readonly order: number;
  readonly node: string;
  readonly kind: 'drain';
  readonly action: Action;
  readonly urgency: Urgency;
  /** Ids of the findings behind it; empty for a requested drain. */
  readonly findings: readonly string[];
  readonly why: string;
  /** What must still be so when the step is taken. */
  readonly expected: {
    readonly uid: string | null;
    readonly bootId: string | null;
    readonly serial: string | null;
    readonly gpuUuids: readonly string[];
  };
}

export interface Plan {
  readonly cluster: string;
  readonly pass: string;
  readonly mode: Mode;
  readonly seed: string;
  readonly createdAt: string;
  readonly steps: readonly Step[];
  /** Why nothing may be done at all, when nothing may: a bad leg, a tripped breaker, an unusable policy. */
  readonly withheld: readonly { readonly code: RefusalCode; readonly text: string }[];
}

export const MODES = ['observe', 'propose', 'auto'] as const;
export type Mode = (typeof MODES)[number];
