/** What must hold of a verdict whatever was seen. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '@trivet/shared/health/catalogue/index.ts';
import { findingFixture as finding } from '@trivet/shared/health/finding.fixture.ts';
import { strongest, verdict } from '@trivet/shared/health/verdict.ts';
import type { Finding, Verdict } from '@trivet/shared/model/finding.ts';
import type { Signal } from '@trivet/shared/model/node.ts';

const dead: Signal = { name: 'nvidia-smi', state: 'unknown', required: true, reason: 'time-out', ageMs: null };

describe('verdict, for any findings and signals', () => {
  const code = fc.constantFrom(...CATALOGUE.map((entry) => entry.code), 'xid.9999');
  const anyFinding = fc
    .record({ code, id: fc.string(), state: fc.constantFrom<Finding['state'][]>('open', 'closed') })
    .map(({ code, id, state }) => finding(code, { id, state }));
  const anySignal = fc.record({
    name: fc.string(),
    state: fc.constantFrom<Signal['state'][]>('ok', 'unknown', 'failed'),
    required: fc.boolean(),
    reason: fc.constant(null),
    ageMs: fc.constant(null),
  });
  const rank: Record<Verdict, number> = { healthy: 0, degraded: 1, unknown: 2, unhealthy: 3 };

  it('a required signal that is not ok never leaves a node healthy or merely degraded', () => {
    fc.assert(
      fc.property(fc.array(anyFinding), fc.array(anySignal), (findings, signals) => {
        expect(rank[verdict(findings, [...signals, dead])]).toBeGreaterThanOrEqual(rank.unknown);
      }),
    );
  });

  it('another finding or signal never makes a node healthier', () => {
    fc.assert(
      fc.property(
        fc.array(anyFinding),
        fc.array(anySignal),
        anyFinding,
        anySignal,
        (findings, signals, extra, signal) => {
          const before = rank[verdict(findings, signals)];
          expect(rank[verdict([...findings, extra], signals)]).toBeGreaterThanOrEqual(before);
          expect(rank[verdict(findings, [...signals, signal])]).toBeGreaterThanOrEqual(before);
        },
      ),
    );
  });

  it('does not depend on order', () => {
    fc.assert(
      fc.property(fc.array(anyFinding), fc.array(anySignal), (findings, signals) => {
        expect(verdict(findings.toReversed(), signals.toReversed())).toBe(verdict(findings, signals));
      }),
    );
  });

  it('an unhealthy node has a strongest finding that drains, hard if any is, the same in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyFinding, { selector: ({ id }) => id }), (findings) => {
        const top = strongest(findings);
        expect(strongest(findings.toReversed())).toEqual(top);
        const drains = findings.filter(({ state, action }) => state === 'open' && action.startsWith('drain-and-'));
        expect(verdict(findings, []) === 'unhealthy').toBe(drains.length > 0);
        if (drains.length === 0) return;
        expect(top?.action).toMatch(/^drain-and-/);
        expect(top?.strength).toBe(drains.some(({ strength }) => strength === 'hard') ? 'hard' : 'soft');
      }),
    );
  });
});
