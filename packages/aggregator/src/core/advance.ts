/** What the durable state is after a pass. A leg that cannot be trusted teaches nothing. */
import type { Hardware } from '@trivet/shared/model/node.ts';
import type { Leg } from '@trivet/shared/model/observation.ts';
import type { NodeFacts, PassInput } from './facts.ts';
import { acceptHardware } from './identity.ts';
import { isOver, protectedCounts } from './reconcile.ts';
import { ofNode, type PassState, type Place, type ProtectedCounts } from './state.ts';
import { legReasons } from './withhold.ts';

const HOUR_MS = 3_600_000;

/**
 * E: was managed, and once in service. A node in repair was in service before. Only an explicit `decommissioned` or
 * `spare` row takes a node out of E; a vanished row or a changed flag leaves it in, and then it counts as out of service.
 */
export function advanceExpected(input: PassInput): readonly string[] {
  const { state, observations } = input;
  if (!teaches('inventory', input)) return state.expected;
  const expected = new Set(state.expected);
  for (const { node, lifecycle } of observations.inventory.rows) {
    if (lifecycle === 'in-service' || lifecycle === 'in-repair') expected.add(node);
    else if (lifecycle === 'decommissioned' || lifecycle === 'spare') expected.delete(node);
  }
  return [...expected].sort();
}

function teaches(leg: Leg, input: PassInput): boolean {
  return legReasons(leg, input).length === 0;
}

export function advanceState(input: PassInput, facts: readonly NodeFacts[]): PassState {
  const { state, observations, now } = input;
  const rows = teaches('inventory', input) ? observations.inventory.rows.length : 0;
  return {
    ...state,
    inventoryHighWater: Math.max(state.inventoryHighWater, rows),
    places: record(facts, ({ expected, place }) => (expected && place !== null ? placeOnly(place) : null)),
    protectedCounts: { inventory: lastProtected('inventory', input), cluster: lastProtected('cluster', input) },
    healthySince: record(facts, ({ healthySince }) => healthySince),
    // A node that no leg names in this pass keeps what is known of it.
    identities: {
      ...state.identities,
      ...record(facts, (row) => acceptedHardware(row, ofNode(state.identities, row.node))),
    },
    holds: Object.fromEntries(Object.entries(state.holds).filter(([, { until }]) => !isOver(until, Date.parse(now)))),
    suspectSince: record(facts, (row) => suspectSince(row, ofNode(state.suspectSince, row.node) ?? now)),
    cordons: state.cordons.filter(({ at }) => !(Date.parse(at) <= Date.parse(now) - HOUR_MS)),
  };
}

/** Without the rest of the inventory row that it may be part of. */
function placeOnly({ pool, domains }: Place): Place {
  return { pool, domains };
}

function lastProtected(leg: keyof ProtectedCounts, input: PassInput): number {
  const before = input.state.protectedCounts[leg];
  return teaches(leg, input) ? protectedCounts(input)[leg] || before : before;
}

function acceptedHardware(row: NodeFacts, accepted: Hardware | null): Hardware | null {
  return acceptHardware(accepted, row.telemetry?.hardware ?? null, row.identity);
}

function suspectSince(row: NodeFacts, since: string): string | null {
  const suspect = row.hardFindings.length > 0 || row.verdict === 'unhealthy' || row.inventory?.drainRequested === true;
  return suspect ? since : null;
}

function record<Value>(
  facts: readonly NodeFacts[],
  value: (row: NodeFacts) => Value | null,
): { readonly [node: string]: Value } {
  const out: { [node: string]: Value } = {};
  for (const row of facts) {
    const found = value(row);
    if (found !== null) out[row.node] = found;
  }
  return out;
}
