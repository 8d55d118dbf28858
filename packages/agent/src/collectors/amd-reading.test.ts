import { describe, expect, it } from 'vitest';
import type { Json } from './amd-json.ts';
import {
  bytes,
  celsius,
  count,
  errorIn,
  flag,
  gigatransfers,
  highest,
  identifier,
  lanes,
  mebibytes,
  megahertz,
  percent,
  text,
  valueAt,
  watts,
} from './amd-reading.ts';

const NOT_AVAILABLE = { unknown: 'not available' };

describe('readings', () => {
  it.each<readonly [string, unknown, unknown]>([
    ['a number', watts(16), { value: 16 }],
    ['a text', watts('16.5'), { value: 16.5 }],
    ['a text with its unit', watts('16 W'), { value: 16 }],
    ['an object', watts({ value: 16, unit: 'W' }), { value: 16 }],
    ['an object with a text in it', watts({ value: '16', unit: 'W' }), { value: 16 }],
    ['another scale', watts({ value: 16_000, unit: 'mW' }), { value: 16 }],
    ['text in parentheses', megahertz('(800Mhz)'), { value: 800e6 }],
    ['old text without', megahertz('808Mhz'), { value: 808e6 }],
    ['degrees with their sign', celsius('100 °C'), { value: 100 }],
    ['a temperature below zero', celsius(-3), { value: -3 }],
    ['megabytes, which are of 1024', mebibytes({ value: 2, unit: 'MB' }), { value: 2 * 1024 * 1024 }],
    ['bytes', bytes('34342961152'), { value: 34_342_961_152 }],
    ['percent', percent({ value: 91, unit: '%' }), { value: 0.91 }],
    ['transfers', gigatransfers({ value: 2.5, unit: 'GT/s' }), { value: 2.5e9 }],
    ['lanes as rocm-smi has them', lanes('x16'), { value: 16 }],
    ['a count as text', count('147'), { value: 147 }],
    ['a flag', flag('NOT ACTIVE'), { value: false }],
    ['a flag of Python', flag('True'), { value: true }],
  ])('%s', (_, read, expected) => {
    expect(read).toEqual(expected);
  });

  it.each<Json>([
    'N/A',
    'n/a',
    '',
    null,
    { value: 'N/A', unit: 'W' },
    { value: null, unit: 'W' },
    'None',
    'N/A (Secondary die)',
  ])('%j is no information', (value) => {
    for (const parse of [watts, celsius, count, lanes, flag]) expect(parse(value)).toEqual(NOT_AVAILABLE);
  });

  it('takes all ones for a sensor that is not there, and 16 of them for a count all the same', () => {
    expect(watts(65_535)).toEqual(NOT_AVAILABLE);
    expect(celsius(0xff_ff_ff_ff)).toEqual(NOT_AVAILABLE);
    expect(count(0xff_ff_ff_ff)).toEqual(NOT_AVAILABLE);
    expect(count(2 ** 64)).toEqual(NOT_AVAILABLE);
    expect(count(65_535)).toEqual({ value: 65_535 });
  });

  it.each<readonly [unknown, unknown]>([
    [watts({ value: 16, unit: 'C' }), { unknown: '16 c' }],
    [watts(-1), { unknown: '-1 ' }],
    [percent(250), { unknown: '250 ' }],
    [watts('ERROR'), { unknown: 'ERROR' }],
    [watts([16]), { unknown: 'not a single value' }],
    [watts({ value: { xcp_0: [1] }, unit: 'W' }), { unknown: 'not a single value' }],
    [watts({}), { unknown: 'not a single value' }],
    [watts(true), { unknown: 'true' }],
    [count(1.5), { unknown: '1.5' }],
    [count(-1), { unknown: '-1' }],
    [count('9'.repeat(19)), { unknown: '9'.repeat(19) }],
    [lanes(0), NOT_AVAILABLE],
  ])('%j is no value: %j', (read, expected) => {
    expect(read).toEqual(expected);
  });

  it('keeps control characters and novels out of texts', () => {
    expect(text('auto\u0000')).toEqual({ value: 'auto ' });
    expect(text('x'.repeat(201))).toHaveProperty('unknown');
  });

  it('takes the highest of what several logical GPUs count of one board', () => {
    expect(highest([{ value: 1 }, NOT_AVAILABLE, { value: 3 }])).toEqual({ value: 3 });
    expect(highest([{ unknown: 'absent' }, NOT_AVAILABLE])).toEqual(NOT_AVAILABLE);
    expect(highest([])).toEqual({ unknown: 'absent' });
  });
});

describe('places', () => {
  it('reads below a text what the text says', () => {
    const entry = { ecc_blocks: 'N/A', ecc: { total: 1 } };
    expect(valueAt(entry, 'ecc_blocks/UMC/correctable_count').value).toBe('N/A');
    expect(valueAt(entry, 'ECC/Total').value).toBe(1);
    expect(valueAt(entry, 'power/socket_power').value).toBeUndefined();
    expect(valueAt(entry, 'ecc/total/more').value).toBeUndefined();
  });

  it('knows an error in place of a number', () => {
    const at = (value: Json) => errorIn({ path: 'x', value });
    expect(at('ERROR: -9')).toBe('ERROR: -9');
    expect([at(16), at('16 W'), at('N/A'), at(null), at({ value: 'N/A', unit: 'C' })]).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it('has no identifier where a board has none', () => {
    const of = (...values: readonly Json[]) => identifier(values.map((value) => ({ path: 'x', value })));
    expect(
      ['0', 'N/A', '', '0x0', '0x0000000000000000', 0, null, '00000000-0000-0000-0000-000000000000'].map((id) =>
        of(id),
      ),
    ).toEqual(Array(8).fill(null));
    expect(of('0', 'PCB000001-0002')).toBe('PCB000001-0002');
    expect(of('a\u0007b')).toBeNull();
    expect(of('x'.repeat(129))).toBeNull();
  });
});
