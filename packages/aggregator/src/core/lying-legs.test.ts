/** Legs that lie: each says something that no honest leg would, and nothing may be drained, or called healthy, for it. */
import { describe, expect, it } from 'vitest';
import type { InventoryRow, TelemetryRow } from '@trivet/shared/model/observation.ts';
import { decided, planned } from '../testing/decided.ts';
import {
  breakNode,
  changeCluster,
  changeInventory,
  changeTelemetry,
  clusterRow,
  hardFinding,
  hardwareOf,
  healthyFleet,
  nodeName,
  NOW,
  passInput,
  telemetryRow,
  type Fleet,
} from '../testing/fleet.ts';
import { decide } from './plan.ts';
import { EMPTY_STATE, type Hold } from './state.ts';

const BAD = nodeName(3);
const TOMORROW = '2026-11-21T17:00:00.000Z';

function faulty(size = 64): Fleet {
  const fleet = healthyFleet(size);
  breakNode(fleet, BAD);
  return fleet;
}

describe('times', () => {
  it.each(['inventory', 'telemetry', 'cluster'] as const)('%s of tomorrow is not fresh', (leg) => {
    const decision = decided(faulty(), { legs: { [leg]: { observedAt: TOMORROW } } });
    expect(planned(decision)).toEqual([]);
    expect(decision.plan.withheld.map(({ code }) => code)).toContain('leg-stale');
    expect(decision.plan.withheld[0]?.text).not.toContain('Infinity');
  });

  it('a report of tomorrow is neither fresh nor healthy', () => {
    const fleet = faulty();
    changeTelemetry(fleet, BAD, { receivedAt: TOMORROW });
    changeTelemetry(fleet, nodeName(4), { receivedAt: TOMORROW });
    const decision = decided(fleet);
    expect(planned(decision)).toEqual([]);
    expect(decision.refusals.find(({ node }) => node === BAD)).toMatchObject({ code: 'not-reporting', current: null });
    expect(decision.sets.get('telemetry/silent')).toEqual([BAD, nodeName(4)]);
    expect(decision.sets.get('derived/doubtful')).toEqual([BAD, nodeName(4)]);
  });

  it('clocks that differ by seconds are clocks of one site', () => {
    expect(planned(decided(faulty(), { legs: { cluster: { observedAt: '2026-11-20T17:00:20.000Z' } } }))).toEqual([
      BAD,
    ]);
  });

  it('a pass at no time at all plans nothing', () => {
    const decision = decide(passInput(faulty(), { now: 'soon' }));
    expect(planned(decision)).toEqual([]);
  });

  it.each([TOMORROW, 'soon'])('healthy since %s is not settled', (since) => {
    const decision = decided(healthyFleet(64), { state: { healthySince: { [BAD]: since } } });
    expect(decision.sets.get('telemetry/settled')).toEqual([]);
  });
});

describe('evidence', () => {
  /** The set of verdicts, and that nobody is drained. */
  function verdictOf(change: Partial<TelemetryRow>, gpus: InventoryRow['gpus'] = null): string {
    const fleet = healthyFleet(64);
    changeTelemetry(fleet, BAD, change);
    changeInventory(fleet, BAD, { gpus });
    const decision = decided(fleet);
    expect(planned(decision)).toEqual([]);
    return decision.facts.find(({ node }) => node === BAD)?.verdict ?? 'no row';
  }

  it('without anything that had to be read, a node is unknown', () => {
    expect(verdictOf({ signals: [] })).toBe('unknown');
    const signals = telemetryRow(BAD).signals.map((signal) => ({ ...signal, required: false }));
    expect(verdictOf({ signals })).toBe('unknown');
  });

  it.each(['unhealthy', 'unknown', 'degraded'] as const)(
    'an agent that says %s and shows nothing is unknown',
    (verdict) => {
      expect(verdictOf({ verdict })).toBe('unknown');
    },
  );

  it('other GPUs than inventory counts are degraded, whatever the agent says', () => {
    expect(verdictOf({ hardware: { serial: `S-${BAD}`, gpus: [] } }, { model: 'H100', count: 8 })).toBe('degraded');
    expect(verdictOf({}, { model: 'H100', count: 1 })).toBe('healthy');
  });

  it.each([
    ['xid.13', 'an application’s error'],
    ['xid.9999', 'a code that nobody knows'],
    ['constructor', 'no code at all'],
  ])('%s, %s, drains nobody, however hard an agent calls it', (code) => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD, { code, class: 'replace', action: 'drain-and-replace', strength: 'hard' });
    const decision = decided(fleet);
    expect(planned(decision)).toEqual([]);
    expect(decision.refusals).toMatchObject([{ node: BAD, code: 'evidence-soft' }]);
    expect(decision.refusals[0]?.text).toContain(`${code} drains nobody by our own catalogue`);
  });

  it.each([
    ['no evidence', []],
    ['evidence of a source that nobody reads', [{ at: NOW, source: 'hearsay', text: 'x' }]],
  ])('a finding with %s drains nobody', (_name, evidence) => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD, { evidence });
    expect(decided(fleet).refusals).toMatchObject([{ node: BAD, code: 'not-reporting' }]);
  });

  it.each([
    ['the first', (rows: TelemetryRow[]) => rows],
    ['the second', (rows: TelemetryRow[]) => rows.toReversed()],
  ])('of two agents under one name, %s sees a fault: the node is refused, the others are not', (_name, order) => {
    const fleet = faulty();
    const twin = nodeName(20);
    const rows = [{ ...telemetryRow(twin), findings: [hardFinding(twin)] }, telemetryRow(twin)];
    const others = fleet.telemetry.filter(({ node }) => node !== twin);
    const decision = decided({ ...fleet, telemetry: [...others, ...order(rows)] });
    expect(planned(decision)).toEqual([BAD]);
    expect(decision.refusals).toMatchObject([{ node: twin, code: 'identity' }]);
  });
});

describe('names', () => {
  it('a node called constructor is a node like any other', () => {
    const fleet = healthyFleet(64);
    const node = 'constructor';
    const [row] = fleet.inventory;
    if (row === undefined) throw new Error('an empty fleet');
    fleet.inventory.push({ ...row, node, serial: null });
    fleet.cluster.push(clusterRow(node));
    fleet.telemetry.push({ ...telemetryRow(node), findings: [hardFinding(node)] });
    const first = decided(fleet);
    expect(planned(first)).toEqual([node]);
    expect(planned(decided(fleet, { state: first.state }))).toEqual([node]);
    expect(first.state.identities[node]).toEqual(hardwareOf(node));
  });
});

describe('what outlives a pass', () => {
  const known = decided(healthyFleet(64)).state;

  it.each([
    ['of another cluster', { cluster: 'other' }],
    ['with errors', { errors: [{ code: 'x', where: 'row 3', message: 'no lifecycle' }] }],
    ['that is stale', { observedAt: '2026-11-01T00:00:00.000Z' }],
    ['of tomorrow', { observedAt: TOMORROW }],
  ])('an inventory %s teaches nothing: nobody joins or leaves what is expected', (_name, inventory) => {
    const fleet = healthyFleet(100);
    changeInventory(fleet, BAD, { lifecycle: 'decommissioned', protected: true });
    const { state } = decided(fleet, { legs: { inventory }, state: known });
    expect(state.expected).toEqual(known.expected);
    expect(state.inventoryHighWater).toBe(64);
    expect(state.protectedCounts).toEqual({ inventory: 0, cluster: 0 });
  });

  it('an inventory with a name twice teaches nothing', () => {
    const fleet = healthyFleet(64);
    changeInventory(fleet, BAD, { lifecycle: 'spare' });
    fleet.inventory.push(...fleet.inventory.slice(0, 1));
    expect(decided(fleet, { state: known }).state).toMatchObject({ expected: known.expected, inventoryHighWater: 64 });
  });

  it('a pass in which every leg fails forgets no hold and no identity', () => {
    const hold: Hold = { kind: 'command', by: 'ann', why: 'watching', until: null };
    const before = { ...EMPTY_STATE, holds: { [BAD]: hold }, identities: { [BAD]: hardwareOf(BAD) } };
    const { state } = decided({ inventory: [], telemetry: [], cluster: [] }, { state: before });
    expect(state).toMatchObject({ holds: { [BAD]: hold }, identities: { [BAD]: hardwareOf(BAD) } });
  });

  it('a hold that is over goes', () => {
    const hold: Hold = { kind: 'command', by: 'ann', why: 'lunch', until: '2026-11-20T16:00:00.000Z' };
    expect(decided(healthyFleet(4), { state: { holds: { [BAD]: hold } } }).state.holds).toEqual({});
  });
});

describe('protection', () => {
  it('that inventory lost does not hide behind a label, a policy or a host of ours', () => {
    const fleet = faulty();
    changeInventory(fleet, nodeName(5), { protected: true });
    const { state } = decided(fleet);
    changeInventory(fleet, nodeName(5), { protected: false });
    changeCluster(fleet, nodeName(6), { labels: { 'node-role.kubernetes.io/control-plane': '' } });
    const decision = decided(fleet, { state, policy: { protect: { nodes: [nodeName(7)], why: 'test' } } });
    expect(planned(decision)).toEqual([]);
    expect(decision.plan.withheld).toEqual([
      { code: 'breaker', text: '1 node(s) were protected by inventory before and none is now' },
    ]);
    expect(decision.state.protectedCounts).toEqual({ inventory: 1, cluster: 1 });
  });

  it.each(['true', 'yes', ''])('our label protects when it says %j', (value) => {
    const fleet = faulty();
    changeCluster(fleet, BAD, { labels: { 'trivet.dev/protected': value } });
    expect(planned(decided(fleet))).toEqual([]);
  });

  it('our label protects nobody when it says false', () => {
    const fleet = faulty();
    changeCluster(fleet, BAD, { labels: { 'trivet.dev/protected': 'false' } });
    expect(planned(decided(fleet))).toEqual([BAD]);
  });
});
