/** What is worth a write: not the same conditions that found no room at the look before either. */
import { expect, it } from 'vitest';
import type { Seen } from './check.ts';
import { EMPTY_LEDGER, LEDGER_MAX, applySeen, isLedgerNews } from './ledger.ts';

it('more conditions than there is room for are news once', () => {
  const at = (seconds: number) => new Date(Date.UTC(2026, 10, 20, 12) + seconds * 1000).toISOString();
  const look = (seconds: number): Seen[] =>
    Array.from({ length: LEDGER_MAX + 16 }, (_, index) => ({
      gpu: { uuid: `GPU-${index}`, pciBusId: null },
      code: 'remap.pending',
      at: at(seconds),
      source: 'nvidia-smi',
      text: 'remapped_rows/remapped_row_pending: Yes',
    }));
  const apply = (ledger: typeof EMPTY_LEDGER, seconds: number) =>
    applySeen(ledger, { node: 'n', bootId: 'b', at: at(seconds), seen: look(seconds), absent: [], samples: {} }).ledger;
  const first = apply(EMPTY_LEDGER, 0);
  expect(first).toMatchObject({ dropped: 16, entries: { length: LEDGER_MAX } });
  expect(isLedgerNews(EMPTY_LEDGER, first)).toBe(true);
  expect(isLedgerNews(first, apply(first, 10))).toBe(false);
});
