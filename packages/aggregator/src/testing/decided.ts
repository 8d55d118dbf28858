/** For tests of the core: a decision that safety has accepted, and what to ask of it. */
import { expect } from 'vitest';
import { decide, type Decision } from '../core/plan.ts';
import { VerifiedPlan } from '../safety/verify.ts';
import { passInput, type Fleet, type InputChanges } from './fleet.ts';

/** Decides, and has every plan verified: a planner that safety has to correct is wrong. */
export function decided(fleet: Fleet, changes: InputChanges = {}): Decision {
  const input = passInput(fleet, changes);
  const decision = decide(input);
  const verified = VerifiedPlan.verify(decision.plan, decision.refusals, input);
  expect(verified).toBeInstanceOf(VerifiedPlan);
  return decision;
}

export function planned({ plan }: Decision): string[] {
  return plan.steps.map(({ node }) => node);
}

export function codes({ refusals }: Decision, node: string): string[] {
  return refusals.filter((refusal) => refusal.node === node).map(({ code }) => code);
}
