import { describe, expect, it } from 'vitest';
import { printable, table } from './table.ts';

describe('table', () => {
  it('pads columns and shows what is empty', () => {
    expect(
      table(
        ['NODE', 'WHY'],
        [
          ['a', ''],
          ['longer', 'because'],
        ],
      ),
    ).toEqual(['NODE    WHY', 'a       -', 'longer  because']);
  });

  it('obeys no control byte', () => {
    expect(table(['A', 'B'], [['\u001b[2J', 'x\ny']])).toEqual(['A        B', '\\x1b[2J  x\\x0ay']);
    expect(printable('\u0085\u2028é')).toBe('\\x85\\u2028é');
  });
});
