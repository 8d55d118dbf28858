/**
 * The shape of the tables that say which kernel lines mean what. A row is tried only where its literal beginning fits, so
 * that most lines of a log cost one look at their first character.
 */
import { normaliseBusId } from './nvidia-list.ts';

/** `0000:1b:00`, with or without a function: some lines leave it out, and a GPU is always function 0. */
export const ADDRESS = '([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\\.[0-9a-f])?)';

export function busId(address: string): string | null {
  return normaliseBusId(address.includes('.') ? address : `${address}.0`);
}

export type Meaning =
  /** `address` only where the pattern itself found one; a device's own lines have theirs already. */
  | { readonly code: string; readonly address?: string }
  | { readonly over: readonly string[] }
  | { readonly isReset: true };

export interface LineRow {
  /** What the line begins with, letter by letter: one of these. */
  readonly starts: string | readonly string[];
  /** Anchored, and without nested repetition: text comes from hostile places. */
  readonly pattern: RegExp;
  /** A code, or what the match means; null: nothing. */
  readonly means: string | ((found: RegExpExecArray) => Meaning | null);
}

export function beginnings(starts: LineRow['starts']): readonly string[] {
  return typeof starts === 'string' ? [starts] : starts;
}

export function meaningOf(rows: readonly LineRow[], text: string): Meaning | null {
  for (const { starts, pattern, means } of rows) {
    if (!beginnings(starts).some((start) => text.startsWith(start))) continue;
    const found = pattern.exec(text);
    if (found !== null) return typeof means === 'string' ? { code: means } : means(found);
  }
  return null;
}

/** UC, deferred and poison bits of a machine check status; AMD's accelerators use the same (Linux, arch/x86/include/asm/mce.h). */
const UNCORRECTED = 1n << 61n;
const DEFERRED = 1n << 44n;
const POISON = 1n << 43n;

/** `hex` is at most 16 digits. */
export function severityOfStatus(hex: string): 'corrected' | 'deferred' | 'uncorrected' {
  const status = BigInt(`0x${hex}`);
  if ((status & UNCORRECTED) !== 0n) return 'uncorrected';
  return (status & (DEFERRED | POISON)) === 0n ? 'corrected' : 'deferred';
}
