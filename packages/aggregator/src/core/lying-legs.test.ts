/** Legs that lie: each says something that no honest leg would, and nothing may be drained, or called healthy, for it. */
import { describe, expect, it } from 'vitest';
import { VerifiedPlan } from '../safety/verify.ts';
import {
  breakNode,
  changeTelemetry,
  clusterRow,
  hardFinding,
  hardwareOf,
  healthyFleet,
  nodeName,
  passInput,
  telemetryRow,
  type Fleet,
  type InputChanges,
} from '../testing/fleet.ts';
import { decide, type Decision } from './plan.ts';

const BAD = nodeName(3);
const TOMORROW = '2026-11-21T17:00:00.000Z';

/** Decides; what the planner makes of a lie, safety must still accept, so that one lie does not stop everything else. */
function decided(fleet: Fleet, changes: InputChanges = {}): Decision {
  const input = passInput(fleet, changes);
  const decision = decide(input);
  expect(VerifiedPlan.verify(decision.plan, decision.refusals, input)).toBeInstanceOf(VerifiedPlan);
  return decision;
}

function planned({ plan }: Decision): string[] {
  return plan.steps.map(({ node }) => node);
}

function codes({ refusals }: Decision, node: string): string[] {
  return refusals.filter((refusal) => refusal.node === node).map(({ code }) => code);
}

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
    expect(planned(decided(faulty(), { legs: { cluster: { observedAt: '2026-11-20T17:00:20.000Z' } } }))).toEqual([BAD]);
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
