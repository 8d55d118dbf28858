/** What limits a plan: budget, failure domains, rates, a pool's last node, and the order in which they are used up. */
import { describe, expect, it } from 'vitest';
import { codes, decided, planned } from '../testing/decided.ts';
import {
  breakNode,
  changeCluster,
  changeInventory,
  changeTelemetry,
  cordonByOthers,
  healthyFleet,
  nodeName,
} from '../testing/fleet.ts';

const BAD = nodeName(3);

describe('limits', () => {
  it('many faults stay within the budget, whoever took the other nodes out', () => {
    const fleet = healthyFleet(100);
    for (let index = 0; index < 100; index += 9) breakNode(fleet, nodeName(index));
    cordonByOthers(fleet, nodeName(5));
    changeTelemetry(fleet, nodeName(6), { receivedAt: '2026-11-20T16:55:00.000Z' });
    const decision = decided(fleet);
    // 6 % of 100 less one cordoned and one stale.
    expect(planned(decision)).toHaveLength(4);
    const refused = decision.refusals.find(({ code }) => code === 'budget');
    expect(refused).toMatchObject({ limit: 6, current: 6, needed: 1 });
    expect(refused?.users).toContain(nodeName(5));
    expect(refused?.users).toContain(nodeName(6));
  });

  it('a rack loses at most its cap', () => {
    const fleet = healthyFleet(200);
    for (let index = 0; index < 6; index++) breakNode(fleet, nodeName(index));
    const decision = decided(fleet);
    expect(planned(decision)).toHaveLength(2);
    expect(decision.refusals.every(({ code }) => code === 'domain')).toBe(true);
    expect(decision.refusals[0]?.text).toContain('rack r0');
  });

  it('nodes without a rack share one', () => {
    const fleet = healthyFleet(200);
    for (let index = 0; index < 200; index += 20) {
      changeInventory(fleet, nodeName(index), { domains: {} });
      breakNode(fleet, nodeName(index));
    }
    expect(planned(decided(fleet))).toHaveLength(2);
  });

  it('a pass cordons five at most in a fleet of a thousand, however many fail', () => {
    const fleet = healthyFleet(1000);
    for (let index = 0; index < 1000; index += 20) breakNode(fleet, nodeName(index));
    const decision = decided(fleet);
    expect(planned(decision)).toHaveLength(5);
    expect(decision.refusals.some(({ code }) => code === 'rate')).toBe(true);
  });

  it('an hour that is used up refuses, and survives a restart because it is state', () => {
    const fleet = healthyFleet(100);
    breakNode(fleet, BAD);
    const cordons = Array.from({ length: 20 }, (_, index) => ({
      node: `gone-${index}`,
      serial: null,
      at: '2026-11-20T16:30:00.000Z',
    }));
    expect(codes(decided(fleet, { state: { cordons } }), BAD)).toEqual(['rate']);
  });

  it('a pool keeps its last node', () => {
    const fleet = healthyFleet(64);
    changeInventory(fleet, BAD, { pool: 'alone' });
    breakNode(fleet, BAD);
    expect(codes(decided(fleet), BAD)).toEqual(['last-node']);
  });

  it('more urgent goes first, then idle before busy', () => {
    const fleet = healthyFleet(40);
    const work = { kind: 'pod', gang: null, gpus: 1, class: 'owned', protectedBy: [] };
    breakNode(fleet, nodeName(1), { urgency: 'soon' });
    breakNode(fleet, nodeName(9), { urgency: 'now' });
    breakNode(fleet, nodeName(17), { urgency: 'now' });
    changeCluster(fleet, nodeName(9), { work: [{ id: 'a', ...work }] });
    const policy = { unavailable: { percentBasisPoints: 5000, floor: 1, ceiling: null, why: 'test' } };
    expect(planned(decided(fleet, { policy }))).toEqual([nodeName(17), nodeName(9), nodeName(1)]);
  });
});
