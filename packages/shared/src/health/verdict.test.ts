import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding, Verdict } from '../model/finding.ts';
import type { Signal } from '../model/node.ts';
import { CATALOGUE, catalogueEntry } from './catalogue/index.ts';
import { strongest, verdict } from './verdict.ts';

function finding(code: string, over: Partial<Finding> = {}): Finding {
  const { class: faultClass, action, urgency, strength, reason } = catalogueEntry(code);
  const at = '2026-11-20T17:00:00.000Z';
  return {
    id: `id-${code}`,
    gpu: null,
    class: faultClass,
    code,
    strength,
    action,
    urgency,
    state: 'open',
    firstSeen: at,
    lastSeen: at,
    count: 1,
    evidence: [],
    rule: reason,
    ...over,
  };
}
const ok: Signal = { name: 'nvidia-smi', state: 'ok', required: true, reason: null, ageMs: 0 };
const dead: Signal = { ...ok, state: 'unknown', reason: 'time-out' };

describe('verdict', () => {
  it.each<[string, string[], Signal[], Verdict]>([
    ['nothing seen', [], [ok], 'healthy'],
    ['nothing to sense with, and nothing required', [], [], 'healthy'],
    ['a hard reset', ['xid.95'], [ok], 'unhealthy'],
    ['a hard reboot', ['xid.79'], [ok], 'unhealthy'],
    ['a hard replacement', ['remap.failure'], [ok], 'unhealthy'],
    ['a hard fault while blind', ['xid.79'], [dead], 'unhealthy'],
    ['blind', [], [dead], 'unknown'],
    ['blind and degraded', ['remap.pending'], [dead], 'unknown'],
    ['a soft reset', ['ecc.sram-uncorrectable'], [ok], 'degraded'],
    ['a reset at the next window', ['remap.pending'], [ok], 'degraded'],
    ['a fabric fault', ['sxid.20034'], [ok], 'degraded'],
    ['recover-imex, which is above the window and for a person', ['recovery-action.5'], [ok], 'degraded'],
    ['details to decode', ['xid.149'], [ok], 'degraded'],
    ['an unknown Xid', ['xid.999'], [ok], 'degraded'],
    ['a wrong setting', ['ecc.off'], [ok], 'degraded'],
    ['to watch', ['gpu.count'], [ok], 'degraded'],
    ['errors of an application', ['xid.13', 'xid.31', 'xid.94'], [ok], 'healthy'],
    ['symptoms and notes', ['xid.43', 'xid.45', 'xid.63'], [ok], 'healthy'],
  ])('%s', (_, codes, signals, expected) => {
    expect(
      verdict(
        codes.map((code) => finding(code)),
        signals,
      ),
    ).toBe(expected);
  });

  it('does not look at closed findings nor at signals that are not required', () => {
    expect(verdict([finding('xid.79', { state: 'closed' })], [{ ...dead, required: false }])).toBe('healthy');
  });

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

  it('an unhealthy node has a strongest finding that is hard and drains, the same in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyFinding, { selector: ({ id }) => id }), (findings) => {
        const top = strongest(findings);
        expect(strongest(findings.toReversed())).toEqual(top);
        if (verdict(findings, []) !== 'unhealthy') return;
        expect(top?.strength).toBe('hard');
        expect(top?.action).toMatch(/^drain-and-/);
      }),
    );
  });
});

describe('strongest', () => {
  it('is null without an open finding', () => {
    expect(strongest([finding('xid.79', { state: 'closed' })])).toBeNull();
  });

  it('takes the stronger action, and a hard reset before a soft reboot', () => {
    expect(strongest([finding('recovery-action.1'), finding('xid.79')])?.code).toBe('xid.79');
    expect(strongest([finding('gpu.unknown-error'), finding('xid.95')])?.code).toBe('xid.95');
  });

  it('breaks ties by urgency, then by age', () => {
    const old = finding('recovery-action.1', { firstSeen: '2026-11-20T16:00:00.000Z' });
    expect(strongest([finding('recovery-action.4'), finding('recovery-action.1'), old])).toBe(old);
  });
});
