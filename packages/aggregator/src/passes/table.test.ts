import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Refusal } from '@trivet/shared/model/plan.ts';
import { parseTable, printRefusals } from './table.ts';

const refusal = (text: string): Refusal => ({
  node: 'n',
  code: 'budget',
  limit: 1,
  current: 0,
  needed: 1,
  users: [],
  text,
});

describe('tables', () => {
  it('keeps any text in its cell, and gives it back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const printed = printRefusals([refusal(text)]);
        expect(printed.split('\n')).toHaveLength(3);
        expect(printed.split('\n')[1]?.split('\t')).toHaveLength(7);
        expect(parseTable(printed)[0]?.['text']).toBe(text);
      }),
    );
  });

  it('writes what would break a line or mean empty as escapes', () => {
    expect(printRefusals([refusal('a\tb\nc\\d')])).toContain(String.raw`a\x09b\x0ac\x5cd`);
    expect(printRefusals([refusal('-')])).toContain(String.raw`\x2d`);
    expect(parseTable(printRefusals([refusal('')]))[0]).not.toHaveProperty('text');
  });
});
