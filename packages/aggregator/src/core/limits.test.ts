/** Limits that a policy does not write down hold all the same. */
import { describe, expect, it } from 'vitest';
import { VerifiedPlan } from '../safety/verify.ts';
import { breakNode, changeInventory, healthyFleet, nodeName, passInput, type Fleet } from '../testing/fleet.ts';
import { decide } from './plan.ts';

/** Twelve nodes of sixty-four on one switch, each in a rack of its own, five of them broken. */
function brokenSwitch(): Fleet {
  const fleet = healthyFleet(64);
  for (let index = 0; index < 64; index++) {
    const leaf = index < 12 ? 'leaf-1' : `leaf-${index}`;
    changeInventory(fleet, nodeName(index), { domains: { rack: `r${index}`, switch: leaf } });
  }
  for (let index = 0; index < 5; index++) breakNode(fleet, nodeName(index));
  return fleet;
}

describe('a kind of failure domain that policy does not mention', () => {
  const unavailable = { percentBasisPoints: 2500, floor: 0, ceiling: null, why: 'test' };

  it('loses a quarter at most', () => {
    const input = passInput(brokenSwitch(), { policy: { unavailable, domains: {} } });
    const { plan, refusals } = decide(input);
    expect(plan.steps).toHaveLength(3);
    expect(refusals).toMatchObject([
      { code: 'domain', limit: 3, current: 3, needed: 1 },
      { code: 'domain', limit: 3 },
    ]);
    expect(refusals[0]?.text).toContain('switch leaf-1');
    expect(VerifiedPlan.verify(plan, refusals, input)).toBeInstanceOf(VerifiedPlan);
  });

  it('is held by safety too', () => {
    const free = brokenSwitch();
    for (const { node } of healthyFleet(64).inventory)
      changeInventory(free, node, { domains: { rack: node, switch: node } });
    const { plan, refusals } = decide(passInput(free, { policy: { unavailable, domains: {} } }));
    expect(plan.steps).toHaveLength(5);
    const input = passInput(brokenSwitch(), { policy: { unavailable, domains: {} } });
    expect(VerifiedPlan.verify(plan, refusals, input)).toMatchObject([
      { invariant: 'I-9', text: 'switch leaf-1: 5 would be out, 3 may' },
    ]);
  });
});
