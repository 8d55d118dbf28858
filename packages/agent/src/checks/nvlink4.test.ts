import { describe, expect, it } from 'vitest';
import { decodeNvlink4 } from './nvlink4.ts';

/** Bits of one register, by its place. */
function registers(place: number, ...bits: readonly number[]): string {
  const value = bits.reduce((sum, bit) => sum + 2 ** bit, 0);
  const hex = Array.from({ length: 7 }, (_, index) => `0x${(index === place ? value : 0).toString(16)}`);
  return `NVLink: fatal error detected on link 9(${hex.join(', ')})`;
}

describe('registers of an Xid 74', () => {
  it.each([
    ['signal or connection', registers(0, 21), 'link'],
    ['repeated link hardware', registers(2, 16), 'link'],
    ['parity', registers(0, 4), 'ecc'],
    ['parity in the fifth', registers(4, 28), 'ecc'],
    ['secondary', registers(3, 16, 17), 'sympathetic'],
    ['secondary that needs the fabric reset', registers(3, 18), 'fabric'],
    ['nothing', registers(0, 0, 30), 'ignore'],
    ['a threshold of corrected errors', registers(4, 20), 'ignore'],
    ['the strongest of several', registers(0, 0, 1, 4, 24), 'link'],
    ['the top bit', registers(0, 31), null],
    ['a bit that is not described', registers(0, 0, 2), null],
    ['a register that is not described', registers(1, 0), null],
    ['no bit at all', registers(0), null],
    ['no registers', 'NVLink: fatal error detected on link 9', null],
    ['six registers', 'link 9(0x1, 0x0, 0x0, 0x0, 0x0, 0x0)', null],
  ])('%s', (_, detail, expected) => {
    expect(decodeNvlink4(detail)).toBe(expected);
  });
});
