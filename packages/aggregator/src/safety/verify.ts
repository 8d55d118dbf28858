/**
 * The second checker. It reads the observations anew and asks every invariant; a plan that breaks one is refused as a
 * whole. A `VerifiedPlan` exists only because `verify` made it: nothing that acts takes any other type.
 */
import type { Plan, Refusal } from '@trivet/shared/model/plan.ts';
import type { PassInput } from '../core/facts.ts';
import { everyRefusalExplained, everyStepNamed, everySuspectAccountedFor } from './accounting.ts';
import { budgetHolds, domainsHold, populationHolds, rateHolds } from './capacity.ts';
import { evidenceFresh, identityHolds, ownedByNobodyElse, protectedUntouched } from './targets.ts';
import { viewFleet, type Broken, type Invariant } from './view.ts';

/** By number, as in docs/safety.md. Those of the plan; steps and executor have theirs where they act. */
export const PLAN_INVARIANTS: Readonly<Record<string, Invariant>> = {
  'I-1': everySuspectAccountedFor,
  'I-5': everyRefusalExplained,
  'I-7': budgetHolds,
  'I-8': populationHolds,
  'I-9': domainsHold,
  'I-10': evidenceFresh,
  'I-16': protectedUntouched,
  'I-17': identityHolds,
  'I-18': ownedByNobodyElse,
  'I-19': everyStepNamed,
  'I-34': rateHolds,
};

export class VerifiedPlan {
  readonly plan: Plan;
  /** Keeps the type nominal: no other object has it. */
  readonly #verified = true;

  private constructor(plan: Plan) {
    this.plan = plan;
  }

  get isVerified(): boolean {
    return this.#verified;
  }

  static verify(plan: Plan, refusals: readonly Refusal[], input: PassInput): VerifiedPlan | readonly Broken[] {
    const subject = { plan, refusals, input, view: viewFleet(input) };
    const broken = Object.values(PLAN_INVARIANTS).flatMap((invariant) => invariant(subject));
    return broken.length === 0 ? new VerifiedPlan(plan) : broken;
  }
}
