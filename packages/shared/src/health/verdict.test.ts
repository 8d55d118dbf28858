import { describe, expect, it } from 'vitest';
import type { Verdict } from '../model/finding.ts';
import type { Signal } from '../model/node.ts';
import { findingFixture as finding } from './finding.fixture.ts';
import { strongest, verdict } from './verdict.ts';

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
    ['a soft reset', ['ecc.sram-uncorrectable'], [ok], 'unhealthy'],
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
});

describe('strongest', () => {
  it('is null without an open finding', () => {
    expect(strongest([finding('xid.79', { state: 'closed' })])).toBeNull();
  });

  it('takes the stronger action, and a hard reset before a soft reboot', () => {
    expect(strongest([finding('recovery-action.1'), finding('xid.79')])?.code).toBe('xid.79');
    expect(strongest([finding('gpu.unknown-error'), finding('xid.95')])?.code).toBe('xid.95');
    expect(strongest([finding('gpu.unknown-error'), finding('xid.43')])?.code).toBe('gpu.unknown-error');
  });

  it('breaks ties by urgency, then by age', () => {
    const old = finding('recovery-action.1', { firstSeen: '2026-11-20T16:00:00.000Z' });
    expect(strongest([finding('recovery-action.4'), finding('recovery-action.1'), old])).toBe(old);
  });
});
