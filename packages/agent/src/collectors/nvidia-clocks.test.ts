import { describe, expect, it } from 'vitest';
import { withoutClocks } from './nvidia-clocks.ts';

function cut(text: string): string {
  return withoutClocks(Buffer.from(text)).toString('utf8');
}
const CLOCKS = '<supported_clocks><mem>2619 MHz</mem></supported_clocks>';
const EMPTY = '<supported_clocks></supported_clocks>';

describe('withoutClocks', () => {
  it('empties each table and leaves the rest as it is', () => {
    const gpu = (clocks: string, name: string) => `<gpu><serial>1</serial>${clocks}<uuid>${name}</uuid></gpu>`;
    expect(cut(`é${gpu(CLOCKS, 'a')}\n${gpu(CLOCKS, 'b')}\n`)).toBe(`é${gpu(EMPTY, 'a')}\n${gpu(EMPTY, 'b')}\n`);
  });

  it.each(['', 'No devices were found\n', '<gpu></gpu>', EMPTY, '<supported_clocks>N/A'])('leaves %j', (text) => {
    expect(cut(text)).toBe(text);
  });

  it('takes nothing of another GPU away, whatever a process is called', () => {
    const named = `<gpu>${CLOCKS}<processes><process_name><supported_clocks></process_name></processes></gpu>`;
    const next = `<gpu><uuid>b</uuid>${CLOCKS}</gpu>`;
    expect(cut(named + next)).toBe(named.replace(CLOCKS, EMPTY) + next.replace(CLOCKS, EMPTY));
  });

  it('takes no processes away where they stand before the table', () => {
    const early = `<gpu><processes><process_name><supported_clocks></process_name></processes><ecc>1</ecc>${CLOCKS}</gpu>`;
    expect(cut(early)).toBe(early.replace(CLOCKS, EMPTY));
  });

  it('takes time in proportion to the length, also for a document of nothing but tags', () => {
    const bomb = '<supported_clocks>'.repeat(800_000);
    expect(cut(bomb)).toBe(bomb);
    const foreign = `${'<supported_clocks></gpu>'.repeat(600_000)}</supported_clocks>`;
    expect(cut(foreign)).toBe(foreign);
  });
});
