/** Fleets drawn at random: every combination of what legs can say of a node, small enough to shrink to a readable case. */
import fc from 'fast-check';
import { EMPTY_STATE, type PassState } from '../core/state.ts';
import type { PassInput } from '../core/facts.ts';
import {
  changeCluster,
  changeInventory,
  changeTelemetry,
  hardFinding,
  hardwareOf,
  healthyFleet,
  nodeName,
  NOW,
  passInput,
  telemetryRow,
  type Fleet,
} from './fleet.ts';

const minutesAgo = (minutes: number): string => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();
const maybe = <T>(value: fc.Arbitrary<T>, weight = 8) =>
  fc.oneof({ weight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });
/** The first value nine times out of ten. */
const mostly = <const T>(usual: T, ...rare: readonly T[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) });
const rarely = mostly(false, true);

const findingChanges = fc.record({
  strength: mostly('hard', 'soft'),
  state: mostly('open', 'closed'),
  urgency: fc.constantFrom('now' as const, 'soon' as const, 'watch' as const),
  action: mostly('drain-and-reset', 'drain-and-replace', 'restart-app'),
});

/** What is odd about one node; null is nothing. */
export const oddity = fc.record({
  lifecycle: mostly('in-service' as const, 'in-repair', 'planned', 'spare', 'decommissioned'),
  pool: mostly('train', 'serve', null),
  rack: fc.constantFrom('r0', 'r1', 'r2', 'r3', 'r4', 'r5', null),
  protected: rarely,
  handsOff: maybe(
    fc.record({ until: maybe(fc.constant(minutesAgo(5)), 1), by: fc.constant('ann'), why: fc.constant('x') }),
  ),
  drainRequested: rarely,
  ticket: maybe(fc.record({ id: fc.constant('T-1'), by: fc.constantFrom('trivet', 'dc-ops'), url: fc.constant(null) })),
  finding: fc.oneof({ weight: 3, arbitrary: findingChanges }, { weight: 1, arbitrary: fc.constant(null) }),
  reportedMinutesAgo: mostly(0, 1, 4, 20),
  signal: mostly('ok' as const, 'unknown', 'failed'),
  otherGpu: rarely,
  doubled: rarely,
  noInventory: rarely,
  noTelemetry: rarely,
  noCluster: rarely,
  ready: mostly(true, false),
  cordon: maybe(fc.constantFrom('OP-1', null)),
  hold: rarely,
  inFlight: maybe(fc.constant('OP-1')),
  known: fc.boolean(),
});
type Oddity = typeof oddity extends fc.Arbitrary<infer Value> ? Value : never;

export const fleetSize = 40;

/** A fleet of forty nodes, a few of them odd, and the durable state that goes with it: `inputOf` makes the pass's input. */
export const anyFleet = fc.record({
  odd: fc.dictionary(fc.nat(fleetSize - 1).map(nodeName), oddity, { maxKeys: 14 }),
  cordonsThisHour: mostly(0, 17, 19, 20),
  floor: fc.nat(9),
  rackMax: fc.integer({ min: 1, max: 4 }),
  protectedCount: mostly(0, 2),
});
export type AnyFleet = typeof anyFleet extends fc.Arbitrary<infer Value> ? Value : never;

export function inputOf({ odd, cordonsThisHour, floor, rackMax, protectedCount }: AnyFleet): PassInput {
  const fleet = healthyFleet(fleetSize);
  const cordons = Array.from({ length: cordonsThisHour }, (_, index) => ({
    node: `gone-${index}`,
    serial: null,
    at: minutesAgo(30),
  }));
  const state: MutableState = { ...EMPTY_STATE, protectedCounts: { inventory: protectedCount, cluster: 0 }, cordons };
  for (const [node, what] of Object.entries(odd)) spoil(fleet, state, node, what);
  const policy = {
    unavailable: { percentBasisPoints: 2000, floor, ceiling: 9, why: 'test' },
    domains: { rack: { max: rackMax, why: 'test' } },
  };
  return passInput(fleet, { state, policy });
}

type MutableState = { -readonly [key in keyof PassState]: PassState[key] };

function spoil(fleet: Fleet, state: MutableState, node: string, what: Oddity): void {
  changeInventory(fleet, node, {
    lifecycle: what.lifecycle,
    pool: what.pool,
    handsOff: what.handsOff,
    drainRequested: what.drainRequested,
    ticket: what.ticket,
    protected: what.protected,
    domains: what.rack === null ? {} : { rack: what.rack },
  });
  const signals = telemetryRow(node).signals.map((signal) => ({ ...signal, state: what.signal }));
  changeTelemetry(fleet, node, {
    receivedAt: minutesAgo(what.reportedMinutesAgo),
    findings: what.finding === null ? [] : [hardFinding(node, what.finding)],
    signals,
  });
  const cordon = what.cordon === null ? null : { by: 'others' as const, who: 'ann', since: null, mark: what.cordon };
  changeCluster(fleet, node, { ready: what.ready, schedulable: cordon === null, cordon });
  if (what.hold) state.holds = { ...state.holds, [node]: { kind: 'command', by: 'ann', why: 'x', until: null } };
  if (what.inFlight !== null) {
    state.inFlight = { ...state.inFlight, [node]: { operation: what.inFlight, since: NOW } };
  }
  if (what.known) state.expected = [...state.expected, node].sort();
  if (what.otherGpu) {
    const gpus = hardwareOf('other').gpus;
    state.identities = { ...state.identities, [node]: { serial: null, gpus } };
  }
  if (what.doubled) fleet.telemetry.push({ ...telemetryRow(node), findings: [hardFinding(node)] });
  drop(fleet, node, what);
}

function drop(fleet: Fleet, node: string, { noInventory, noTelemetry, noCluster }: Oddity): void {
  const without = <Row extends { readonly node: string }>(rows: Row[]) => {
    const kept = rows.filter((row) => row.node !== node);
    rows.splice(0, rows.length, ...kept);
  };
  if (noInventory) without(fleet.inventory);
  if (noTelemetry) without(fleet.telemetry);
  if (noCluster) without(fleet.cluster);
}
