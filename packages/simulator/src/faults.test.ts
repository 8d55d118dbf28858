import { describe, expect, it } from 'vitest';
import { catalogueEntry, isCatalogued } from '@trivet/shared/health/catalogue/index.ts';
import { actionRank } from '@trivet/shared/model/finding.ts';
import { HARD_FAULTS, LASTING, NOISE, kernelLine, type Sign } from './faults.ts';

function condemns({ code }: Sign): boolean {
  const { strength, action } = catalogueEntry(code);
  return strength === 'hard' && actionRank(action) >= actionRank('drain-and-reset');
}

describe('simulated faults', () => {
  it.each([...HARD_FAULTS, ...LASTING, ...NOISE])('$name: the catalogue knows every sign', ({ signs }) => {
    expect(signs.filter(({ code }) => !isCatalogued(code))).toEqual([]);
  });

  it.each(HARD_FAULTS)('$name is hard by the catalogue', ({ hard, signs }) => {
    expect([hard, signs.some(condemns)]).toEqual([true, true]);
  });

  it.each([...LASTING, ...NOISE])('$name condemns nobody by the catalogue', ({ hard, signs }) => {
    expect([hard, signs.some(condemns)]).toEqual([false, false]);
  });

  it('covers three ways out: reset, reboot and replacement', () => {
    const classes = HARD_FAULTS.flatMap(({ signs }) => signs.map(({ code }) => catalogueEntry(code).class));
    expect(new Set(classes)).toEqual(new Set([...classes, 'reset', 'reboot', 'replace']));
  });

  it('prints lines as the driver does, without the function number', () => {
    const [sign] = HARD_FAULTS[0]?.signs ?? [];
    if (sign === undefined) throw new Error('no sign');
    expect(kernelLine('0000:1b:00.0', sign)).toBe(
      'NVRM: Xid (PCI:0000:1b:00): 79, pid=4711, name=python3, GPU has fallen off the bus.',
    );
  });
});
