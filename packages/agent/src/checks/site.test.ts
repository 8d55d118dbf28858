import type { SiteCheckResult } from '@trivet/shared/model/site.ts';
import { describe, expect, it } from 'vitest';
import { QUIET } from './check-input.fixture.ts';
import { runChecks } from './index.ts';
import { EMPTY_LEDGER, applySeen, findings } from './ledger.ts';
import type { Ledger } from './ledger.ts';

const at = (minute: number) => `2026-11-20T17:${String(minute).padStart(2, '0')}:00.000Z`;

/** What the ledger holds after a look at each minute, of which some had other results. */
function look(ledger: Ledger, minute: number, checks: readonly SiteCheckResult[] | null) {
  const samples = checks === null ? {} : { site: { checks } };
  const input = { ...QUIET, samples, at: at(minute), sampledAt: at(minute), open: findings(ledger) };
  return applySeen(ledger, { ...runChecks(input), samples, node: 'n1', bootId: 'b1', at: at(minute) });
}
function result(over: Partial<SiteCheckResult> = {}): SiteCheckResult {
  const [state, text] = ['fault', 'it is bad'] as const;
  const told = { endedAt: at(1), toldAt: at(1), durationMs: 1 };
  return { name: 'fans', state, text, class: 'reset', gpu: null, values: {}, ...told, ...over };
}
function codes(ledger: Ledger): string[] {
  return findings(ledger).map(({ code, gpu }) => `${code} ${gpu?.uuid ?? gpu?.pciBusId ?? '-'}`);
}
const opened = look(EMPTY_LEDGER, 2, [result()]).ledger;

describe('findings of site checks', () => {
  it('are soft, of the class that the check says, and as old as its run', () => {
    expect(findings(opened)).toMatchObject([
      {
        code: 'site.reset.fans',
        class: 'reset',
        action: 'drain-and-reset',
        strength: 'soft',
        urgency: 'soon',
        gpu: null,
        count: 1,
        firstSeen: at(1),
        evidence: [{ at: at(1), source: 'site-checks', text: 'fans: it is bad' }],
      },
    ]);
  });

  it('do not count again what is only shown again', () => {
    const again = look(look(opened, 3, [result()]).ledger, 4, [result()]).ledger;
    expect(findings(again)).toMatchObject([{ count: 1, lastSeen: at(1) }]);
    const anew = look(again, 9, [result({ endedAt: at(8), text: 'worse' })]).ledger;
    expect(findings(anew)).toMatchObject([{ count: 2, lastSeen: at(8) }]);
  });

  it('close when the check says ok, by it', () => {
    const { ledger, closed } = look(opened, 7, [result({ state: 'ok', class: null, endedAt: at(6) })]);
    expect(codes(ledger)).toEqual([]);
    expect(closed[0]?.evidence.at(-1)).toMatchObject({ source: 'site-checks' });
  });

  it('close although the fault was shown until a moment ago: the run began before that', () => {
    const shown = look(opened, 6, [result()]).ledger;
    expect(codes(look(shown, 7, [result({ state: 'ok', class: null, endedAt: at(5) })]).ledger)).toEqual([]);
  });

  it.each([
    ['the check cannot tell', [result({ state: 'unknown', class: null })]],
    ['there is no answer about the folder', null],
    ['another check is ok', [result(), result({ name: 'disk', state: 'ok', class: null })]],
  ])('stay open when %s', (_what, checks) => {
    expect(codes(look(opened, 7, checks).ledger)).toEqual(['site.reset.fans -']);
  });

  it('close when the check is taken away', () => {
    expect(codes(look(opened, 7, []).ledger)).toEqual([]);
  });

  it('give way to what the same check says now: another class, another GPU', () => {
    const [one, two] = [
      { uuid: 'GPU-1', pciBusId: null },
      { uuid: null, pciBusId: '0000:1b:00.0' },
    ];
    const milder = look(opened, 7, [result({ class: 'watch' })]).ledger;
    expect(codes(milder)).toEqual(['site.watch.fans -']);
    const ofOne = look(milder, 8, [result({ class: 'watch', gpu: one })]).ledger;
    expect(codes(ofOne)).toEqual(['site.watch.fans GPU-1']);
    expect(codes(look(ofOne, 9, [result({ class: 'watch', gpu: two })]).ledger)).toEqual([
      'site.watch.fans 0000:1b:00.0',
    ]);
  });

  it('end nothing of other sources', () => {
    const xid = { gpu: null, code: 'xid.79', at: at(1), source: 'kernel-log', text: 'x' };
    const both = applySeen(opened, {
      seen: [xid],
      absent: [],
      samples: {},
      node: 'n1',
      bootId: 'b1',
      at: at(3),
    }).ledger;
    expect(codes(look(both, 7, []).ledger)).toEqual(['xid.79 -']);
  });
});
