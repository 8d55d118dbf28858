import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NVLINK5_CAUSES, NVLINK5_UNITS } from '@trivet/shared/health/catalogue/nvlink5.ts';
import { isCatalogued } from '@trivet/shared/health/catalogue/index.ts';
import { decodeNvlink5 } from './nvlink5.ts';

/** A first register as drivers before 575 (1) and since (2) lay it out. */
function intrInfo(layout: 1 | 2, over: { xid?: number; unit: number; cause?: number; promoted?: boolean }): string {
  const { xid = 149, unit, cause = 0, promoted = false } = over;
  const low = layout === 1 ? unit * 32 + (xid - 143) + (promoted ? 1024 : 0) : unit + (promoted ? 128 : 0);
  return `0x${(cause * 2 ** 20 + low).toString(16).padStart(8, '0')}`;
}
const LINK_V1 = intrInfo(1, { unit: 14, cause: 4 });
const LINK_V2 = intrInfo(2, { unit: 17, cause: 4 });
const line = (unit: string, word: string, first: string, status = '0x00000000') =>
  `${unit} ${word} XC0 i0 Link 03 (${first} ${status} 0x00000000 0x00000000)`;
const link = (first: string) => line('NETIR_LINK_EVT', 'Fatal', first);

describe('the layout of the first register', () => {
  it('goes by the driver version', () => {
    expect(decodeNvlink5(149, link(LINK_V1), '570.158.01')).toBe('link');
    expect(decodeNvlink5(149, link(LINK_V1), '575.57.08')).toBeNull();
    expect(decodeNvlink5(149, link(LINK_V2), '575.57.08')).toBe('link');
    expect(decodeNvlink5(149, link(LINK_V2), '570.158.01')).toBeNull();
  });

  it('without a version is the one in which the register names the unit that the line names', () => {
    for (const version of [null, '', 'N/A']) {
      expect(decodeNvlink5(149, link(LINK_V1), version)).toBe('link');
      expect(decodeNvlink5(149, link(LINK_V2), version)).toBe('link');
    }
  });

  it('no register can name one unit in both layouts: nothing has to be guessed', () => {
    const both = NVLINK5_UNITS.filter(({ v1, v2, xid }) => ((v1 * 32 + (xid - 143)) & 127) === v2);
    expect(both.map(({ names }) => names)).toEqual([]);
  });
});

describe('what a line calls for', () => {
  const v2 = '580.82.07';
  it.each<[string, number, string, string | null]>([
    ['a fatal status', 144, line('SAW_MVB', 'Fatal', '0x00000001', '0x00000002'), 'reset'],
    ['a corrected one', 144, line('SAW_MVB', 'Nonfatal', '0x00000001', '0x00000004'), 'ignore'],
    ['an application', 145, line('RLW_REMAP', 'Nonfatal', '0x00000004', '0x00000020'), 'eval'],
    ['a status without a rule', 145, line('RLW_REMAP', 'Nonfatal', '0x00000004', '0x00000003'), null],
    ['a promoted error', 145, line('RLW_RXPIPE', 'Nonfatal', '0x00000086', '0x00000001'), 'reset'],
    ['the same, not promoted', 145, line('RLW_RXPIPE', 'Nonfatal', '0x00000006', '0x00000001'), 'ignore'],
    ['one that cannot be promoted', 145, line('RLW_RXPIPE', 'Nonfatal', '0x00000086', '0x00000008'), 'ignore'],
    ['a unit with digits', 146, line('TLW_RX/TLW_RX_PIPE0', 'Fatal', '0x0000000a', '0x00000004'), 'reset'],
    ['the other pipe', 146, line('TLW_TX_PIPE1', 'Nonfatal', '0x0000000d', '0x00000001'), 'ignore'],
    ['bit errors', 149, line('NETIR_BER_EVENT', 'Nonfatal', '0x00000013', '0x00000003'), 'ignore'],
    ['a link without a number', 149, 'NETIR  Fatal   XC0 i0 Link -1 (0x00000018 0x00000000', 'link'],
    ['the watchdog', 150, line('MSE_WATCHDOG', 'Fatal', '0x00000000'), 'reset'],
    ['degraded', 150, line('MSE Degraded', 'Fatal', '0x00000000', '0xffffffff'), 'reset'],
    ['no registers', 145, 'RLW_REMAP Nonfatal XC0 i0 Link 02', null],
    ['cut inside the second register', 145, 'RLW_REMAP Nonfatal XC0 i0 Link 02 (0x00000004 0x000', null],
    ['a word that contradicts the status', 144, line('SAW_MVB', 'Nonfatal', '0x00000001', '0x00000002'), null],
    ['harmless by status, fatal by word', 144, line('SAW_MVB', 'Fatal', '0x00000001', '0x00000004'), null],
    ['a unit that the register does not name', 144, line('SAW_MVB', 'Fatal', '0x00000002', '0x00000002'), null],
    ['a unit of another number', 145, line('SAW_MVB', 'Fatal', '0x00000001', '0x00000002'), null],
    ['a cause that has no rule', 149, line('NETIR_LINK_DOWN', 'Fatal', intrInfo(2, { unit: 17, cause: 63 })), null],
    ['older brackets', 149, 'NETIR_LINK_EVT Fatal XC 0 i 0 Link 01 [0x00000011]', 'link'],
  ])('%s', (_, xid, detail, expected) => {
    expect(decodeNvlink5(xid, detail, v2)).toBe(expected);
  });

  it('a link that its other end took down does not condemn this node', () => {
    const of = (cause: number) => decodeNvlink5(149, link(intrInfo(1, { unit: 14, cause })), null);
    expect([33, 37, 21].map(of)).toEqual(['peer', 'peer', 'peer']);
    expect([0, 2, 43, 16].map(of)).toEqual(['link', 'link', 'link', 'link']);
    expect([38, 40].map(of)).toEqual(['ignore', 'ignore']);
  });

  it('has as many rules as the catalog has rows', () => {
    const statuses = NVLINK5_UNITS.flatMap(({ ignore = [], reset = [], eval: app = [] }) => [
      ...ignore,
      ...reset,
      ...app,
    ]);
    // 95 rows: 21 causes of a link, three of NETIR and MSE that no status decides, and one a status.
    expect(statuses.length + NVLINK5_CAUSES.size + 3).toBe(95);
  });

  it('whatever comes, the code is in the catalogue', () => {
    const unit = fc.constantFrom(...NVLINK5_UNITS.flatMap(({ names }) => names), 'NEW_UNIT');
    const register = fc
      .oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 4, 0x86, 0x1c6, 0x11))
      .map((value) => `0x${value.toString(16)}`);
    const text = fc
      .tuple(unit, fc.constantFrom('Fatal', 'Nonfatal', 'x'), register, register)
      .map(([name, word, first, second]) => line(name, word, first, second));
    fc.assert(
      fc.property(fc.integer({ min: 144, max: 150 }), fc.oneof(text, fc.string()), (xid, detail) => {
        const outcome = decodeNvlink5(xid, detail, null);
        if (outcome !== null) expect(isCatalogued(`xid.${xid}.${outcome}`)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
