/** What must outlive a pass: everything a decision needs that no leg says. Kept in the store, and beside passes from files. */
import type { Hardware } from '@trivet/shared/model/node.ts';
import type { InventoryRow } from '@trivet/shared/model/observation.ts';

export interface Hold {
  readonly kind: 'taken-over' | 'cooling-down' | 'command' | 'blocked';
  readonly by: string;
  readonly why: string;
  /** ISO 8601; null: until a command. */
  readonly until: string | null;
}

/** Our own hosts and policy protect as well, but no export can lose those. */
export const PROTECTING_LEGS = ['inventory', 'cluster'] as const;
export type ProtectedCounts = { readonly [leg in (typeof PROTECTING_LEGS)[number]]: number };

/** Where a node stands, as inventory says. */
export interface Place {
  readonly pool: string | null;
  readonly domains: InventoryRow['domains'];
}

export interface PassState {
  readonly version: 1;
  /** E: was managed and once in service. Sorted. Leaves by an explicit row or a command, never by a vanished row. */
  readonly expected: readonly string[];
  /** Largest inventory ever accepted: a smaller one is a shrinking list, and percentages of it would lie. */
  readonly inventoryHighWater: number;
  /** Where each expected node stood last: one whose row vanished is still missing from its rack and its pool. */
  readonly places: { readonly [node: string]: Place };
  /** Nodes that each leg protected when it last did any: protection that vanishes as a whole is a broken source, not a decision. */
  readonly protectedCounts: ProtectedCounts;
  /** Healthy without a break since: reset by unknown, stale or a gap. */
  readonly healthySince: { readonly [node: string]: string };
  /** Last accepted hardware. */
  readonly identities: { readonly [node: string]: Hardware };
  readonly holds: { readonly [node: string]: Hold };
  /** Open operations, by node. */
  readonly inFlight: { readonly [node: string]: { readonly operation: string; readonly since: string } };
  /** Repeat offenders: return only through a person. */
  readonly lemons: readonly string[];
  /** Since when a node has been suspect without a break. */
  readonly suspectSince: { readonly [node: string]: string };
  /** Cordons of ours, newest last, for the rate windows. Keyed by serial too, so that a rename resets nothing. */
  readonly cordons: readonly { readonly node: string; readonly serial: string | null; readonly at: string }[];
}

/** What a record of the state says of a node. A node may be called `constructor`: only the record's own entries count. */
export function ofNode<Value>(record: { readonly [node: string]: Value }, node: string): Value | null {
  return Object.hasOwn(record, node) ? (record[node] ?? null) : null;
}

export const EMPTY_STATE: PassState = {
  version: 1,
  expected: [],
  inventoryHighWater: 0,
  places: {},
  protectedCounts: { inventory: 0, cluster: 0 },
  healthySince: {},
  identities: {},
  holds: {},
  inFlight: {},
  lemons: [],
  suspectSince: {},
  cordons: [],
};
