/**
 * Ids of findings: FNV-1a, 64 bits (draft-eastlake-fnv), over the parts, each closed by a zero byte. Here and not in
 * node:crypto because checks are pure; nothing relies on it being hard to invert, only on two findings of one node differing.
 */
const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

const encoder = new TextEncoder();

export function findingId(parts: readonly string[]): string {
  let hash = OFFSET;
  for (const part of parts) {
    for (const byte of [...encoder.encode(part), 0]) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  }
  return hash.toString(16).padStart(16, '0');
}
