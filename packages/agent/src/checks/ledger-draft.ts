/** The ledger while one input is applied to it: what the steps of `ledger.ts` change in turn. */
import type { Evidence, Finding } from '@trivet/shared/model/finding.ts';
import { closedFinding } from './ledger-entry.ts';
import type { LedgerEntry } from './ledger-entry.ts';

export interface Draft {
  entries: LedgerEntry[];
  uuids: { [pciBusId: string]: string };
  dropped: number;
  readonly closed: Finding[];
  readonly openedIds: Set<string>;
}

export function close(draft: Draft, proof: Evidence, isOver: (entry: LedgerEntry) => boolean): LedgerEntry[] {
  const over = draft.entries.filter(isOver);
  if (over.length === 0) return over;
  draft.entries = draft.entries.filter((entry) => !over.includes(entry));
  draft.closed.push(...over.map((entry) => closedFinding(entry, proof)));
  return over;
}
