/** What must hold of every decision, on fleets drawn at random: what the planner makes, safety accepts; less is known, less is done. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VerifiedPlan } from '../safety/verify.ts';
import { anyFleet, fleetSize, inputOf } from '../testing/arbitrary.ts';
import { nodeName } from '../testing/fleet.ts';
import { decide } from './plan.ts';
import type { PassInput } from './facts.ts';

const RUNS = { numRuns: 400 };

function planned(input: PassInput): string[] {
  return decide(input).plan.steps.map(({ node }) => node);
}

describe('every decision', () => {
  it('draws fleets in which something is planned, and in which something is refused by a limit', () => {
    const decisions = fc.sample(anyFleet, { numRuns: 300, seed: 7 }).map((fleet) => decide(inputOf(fleet)));
    expect(decisions.filter(({ plan }) => plan.steps.length > 1).length).toBeGreaterThan(10);
    expect(decisions.filter(({ refusals }) => refusals.some(({ code }) => code === 'budget')).length).toBeGreaterThan(
      5,
    );
  });

  it('passes the safety check, which shares no code with the planner', () => {
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        const input = inputOf(fleet);
        const { plan, refusals } = decide(input);
        const verified = VerifiedPlan.verify(plan, refusals, input);
        expect(verified instanceof VerifiedPlan ? [] : verified).toEqual([]);
      }),
      RUNS,
    );
  });

  it('plans only candidates, and accounts for every suspect', () => {
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        const input = inputOf(fleet);
        const { sets } = decide(input);
        const candidates = new Set(sets.get('derived/candidate-drain'));
        expect(sets.get('plan/drain')?.every((node) => candidates.has(node))).toBe(true);
        expect(sets.get('derived/accounted')).toEqual(sets.get('derived/suspect'));
      }),
      RUNS,
    );
  });

  it('splits the universe by freshness, what reports by verdict, and what the cluster knows by state', () => {
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        const input = inputOf(fleet);
        const { sets, facts } = decide(input);
        const sum = (...names: string[]) => names.reduce((total, name) => total + (sets.get(name)?.length ?? 0), 0);
        expect(sum('telemetry/reporting', 'telemetry/stale', 'telemetry/silent')).toBe(facts.length);
        const verdicts = ['healthy', 'degraded', 'unhealthy', 'unknown'].map((name) => `telemetry/${name}`);
        expect(sum(...verdicts)).toBe(sum('telemetry/reporting'));
        const states = ['in-service', 'cordoned-by-us', 'cordoned-by-others', 'down'].map((name) => `cluster/${name}`);
        expect(sum(...states)).toBe(sum('cluster/known'));
        expect(sum('cluster/busy', 'cluster/idle')).toBe(sum('cluster/known'));
      }),
      RUNS,
    );
  });

  it('does not depend on the order of rows', () => {
    const reversed = (input: PassInput): PassInput => {
      const { inventory, telemetry, cluster } = input.observations;
      return {
        ...input,
        observations: {
          inventory: { ...inventory, rows: inventory.rows.toReversed() },
          telemetry: { ...telemetry, rows: telemetry.rows.toReversed() },
          cluster: { ...cluster, rows: cluster.rows.toReversed() },
        },
      };
    };
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        const input = inputOf(fleet);
        expect(planned(reversed(input))).toEqual(planned(input));
      }),
      RUNS,
    );
  });

  it('allows no more when a node stops reporting', () => {
    fc.assert(
      fc.property(anyFleet, fc.nat(fleetSize - 1).map(nodeName), (fleet, node) => {
        const input = inputOf(fleet);
        const { telemetry } = input.observations;
        const rows = telemetry.rows.filter((row) => row.node !== node);
        const less = { ...input, observations: { ...input.observations, telemetry: { ...telemetry, rows } } };
        expect(planned(less).length).toBeLessThanOrEqual(planned(input).length);
        expect(planned(less)).not.toContain(node);
      }),
      RUNS,
    );
  });

  it('is the same twice, and its state can be stored and loaded', () => {
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        const input = inputOf(fleet);
        const first = decide(input);
        expect(decide(input)).toEqual(first);
        const stored: unknown = JSON.parse(JSON.stringify(first.state));
        expect(stored).toEqual(first.state);
      }),
      { numRuns: 50 },
    );
  });
});
