import { describe, expect, it } from 'vitest';
import { actionRank } from '../../model/finding.ts';
import { CLASS_ACTIONS } from './entry.ts';
import { CATALOGUE, catalogueEntry, isCatalogued } from './index.ts';

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
const classOf = (code: string) => catalogueEntry(code).class;

describe('fault catalogue', () => {
  it('has every Xid from 1 to 176, the newest that a driver names', () => {
    const missing = range(1, 176).filter((xid) => !isCatalogued(`xid.${xid}`));
    expect(missing).toEqual([]);
  });

  it('has the SXids of captured lines, and treats exceptions before their range', () => {
    for (const sxid of [20034, 12028, 24007, 20009, 28006, 19084, 10002])
      expect(isCatalogued(`sxid.${sxid}`)).toBe(true);
    expect(classOf('sxid.11012')).toBe('ignore');
    expect(classOf('sxid.11013')).toBe('domain');
    expect(classOf('sxid.10003')).toBe('reboot');
  });

  it('names each code once', () => {
    expect(new Set(CATALOGUE.map(({ code }) => code)).size).toBe(CATALOGUE.length);
  });

  it('gives each entry a title, a reason and a source', () => {
    const empty = CATALOGUE.filter(({ title, reason, source }) =>
      [title, reason, source].some((text) => text.trim() === ''),
    );
    expect(empty).toEqual([]);
  });

  it('pairs classes only with actions that they may carry', () => {
    const wrong = CATALOGUE.filter((entry) => {
      const allowed: readonly string[] = CLASS_ACTIONS[entry.class];
      return !allowed.includes(entry.action);
    });
    expect(wrong).toEqual([]);
  });

  it('uses urgency now only for what is drained', () => {
    const wrong = CATALOGUE.filter(
      ({ urgency, action }) => urgency === 'now' && actionRank(action) < actionRank('drain-and-reset'),
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    [[32, 68, 69, 78, 94], 'app'],
    [[38, 44, 43, 45], 'follow'],
    [[121, 63], 'ignore'],
    [[46, 48, 62, 95, 109, 110, 119, 120, 136, 140, 143, 158], 'reset'],
    [[79, 167, 173], 'reboot'],
    [[54, 64, 157], 'replace'],
    [[74, 144, 145, 146, 147, 148, 149, 150], 'decode'],
    [[174, 175, 176, 56, 81], 'unclassified'],
  ] as const)('Xid %s is %s', (xids, expected) => {
    expect(xids.map((xid) => classOf(`xid.${xid}`))).toEqual(xids.map(() => expected));
  });

  it.each([
    [1, 'drain-and-reset', 'hard'],
    [2, 'drain-and-reboot', 'hard'],
    [3, 'drain-p2p', 'hard'],
    [4, 'drain-and-reset', 'hard'],
    [5, 'recover-imex', 'hard'],
    [6, 'drain-and-reset', 'hard'],
    [7, 'drain-and-reboot', 'hard'],
  ] as const)('recovery action %i is %s', (action, expected, strength) => {
    expect(catalogueEntry(`recovery-action.${action}`)).toMatchObject({ action: expected, strength });
  });

  it.each(['xid.177', 'xid.999', 'sxid.99999', 'recovery-action.8', 'nonsense', ''])(
    '%s is unclassified and drains nothing',
    (code) => {
      expect(catalogueEntry(code)).toMatchObject({ code, class: 'unclassified', action: 'none' });
    },
  );

  it("takes a switch line's own word for a number that it does not know", () => {
    expect(catalogueEntry('sxid.99999.fatal')).toMatchObject({ class: 'domain', action: 'reset-fabric' });
  });

  it.each([
    ['site.watch.disk', 'watch', 'none', 'watch'],
    ['site.config.kernel-args', 'config', 'none', 'watch'],
    ['site.reset-at-next-window.x', 'reset-at-next-window', 'reset-at-next-window', 'watch'],
    ['site.reset.x', 'reset', 'drain-and-reset', 'soon'],
    ['site.reboot.x', 'reboot', 'drain-and-reboot', 'soon'],
    ['site.replace.x', 'replace', 'drain-and-replace', 'soon'],
  ])('%s is of the class that it names, and soft', (code, faultClass, action, urgency) => {
    expect(catalogueEntry(code)).toMatchObject({ code, class: faultClass, action, urgency, strength: 'soft' });
  });

  it.each([
    'site.domain.x',
    'site.app.x',
    'site.reboot',
    'site.reboot.',
    'site.reboot.X',
    'site.reboot.a.b',
    'site.x.y',
  ])('%s is no code of a site check', (code) =>
    expect(catalogueEntry(code)).toMatchObject({ class: 'unclassified', action: 'none' }),
  );

  it('is plain data', () => {
    expect(JSON.parse(JSON.stringify(CATALOGUE))).toEqual(CATALOGUE);
  });
});
