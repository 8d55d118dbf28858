/**
 * A set of node names as a sorted array without duplicates. Operations are merges, linear in their inputs, so that they
 * cost what `comm` and `sort -m` cost and give the same bytes. Names are ASCII (RFC 1123), for which JavaScript's string
 * order is the bytewise order of LC_ALL=C.
 */
export type NodeSet = readonly string[];

export const EMPTY: NodeSet = [];

export function nodeSet(names: Iterable<string>): NodeSet {
  return [...new Set(names)].sort();
}

export function has(set: NodeSet, name: string): boolean {
  let low = 0;
  let high = set.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const value = set[middle] ?? '';
    if (value === name) return true;
    if (value < name) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

export function union(a: NodeSet, b: NodeSet): NodeSet {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return merge(a, b, { onlyA: true, both: true, onlyB: true });
}

export function intersect(a: NodeSet, b: NodeSet): NodeSet {
  if (a.length === 0 || b.length === 0) return EMPTY;
  return merge(a, b, { onlyA: false, both: true, onlyB: false });
}

export function subtract(a: NodeSet, b: NodeSet): NodeSet {
  if (a.length === 0 || b.length === 0) return a;
  return merge(a, b, { onlyA: true, both: false, onlyB: false });
}

/** One name a line, LF at the end; an empty set is an empty text. */
export function printSet(set: NodeSet): string {
  return set.length === 0 ? '' : `${set.join('\n')}\n`;
}

interface Keep {
  readonly onlyA: boolean;
  readonly both: boolean;
  readonly onlyB: boolean;
}

function merge(a: NodeSet, b: NodeSet, keep: Keep): NodeSet {
  const out: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (right === undefined || (left !== undefined && left < right)) {
      if (keep.onlyA && left !== undefined) out.push(left);
      i++;
    } else if (left === undefined || right < left) {
      if (keep.onlyB) out.push(right);
      j++;
    } else {
      if (keep.both) out.push(left);
      i++;
      j++;
    }
  }
  return out;
}
