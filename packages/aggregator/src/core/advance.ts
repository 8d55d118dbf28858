/** What the durable state is after a pass. An observation that is not complete teaches nothing. */
import type { Hardware } from '@trivet/shared/model/node.ts';
import type { NodeFacts, PassInput } from './facts.ts';
import { acceptHardware } from './identity.ts';
import { ofNode, type PassState } from './state.ts';

const HOUR_MS = 3_600_000;

/**
 * E: was managed, and once in service. A node in repair was in service before. Only an explicit `decommissioned` or
 * `spare` row takes a node out of E; a vanished row or a changed flag leaves it in, and then it counts as out of service.
 */
export function advanceExpected({ state, observations: { inventory } }: PassInput): readonly string[] {
  if (!inventory.complete) return state.expected;
  const expected = new Set(state.expected);
  for (const { node, lifecycle } of inventory.rows) {
    if (lifecycle === 'in-service' || lifecycle === 'in-repair') expected.add(node);
    else if (lifecycle === 'decommissioned' || lifecycle === 'spare') expected.delete(node);
  }
  return [...expected].sort();
}

export function advanceState(input: PassInput, facts: readonly NodeFacts[]): PassState {
  const { state, observations, now } = input;
  const protectedNow = facts.filter((row) => row.protectedBy !== null).length;
  const { inventory } = observations;
  return {
    ...state,
    inventoryHighWater: inventory.complete
      ? Math.max(state.inventoryHighWater, inventory.rows.length)
      : state.inventoryHighWater,
    protectedCount: protectedNow === 0 ? state.protectedCount : protectedNow,
    healthySince: record(facts, ({ healthySince }) => healthySince),
    identities: record(facts, (row) => acceptedHardware(row, ofNode(state.identities, row.node))),
    holds: record(facts, ({ hold }) => hold),
    suspectSince: record(facts, (row) => suspectSince(row, ofNode(state.suspectSince, row.node) ?? now)),
    cordons: state.cordons.filter(({ at }) => !(Date.parse(at) <= Date.parse(now) - HOUR_MS)),
  };
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
