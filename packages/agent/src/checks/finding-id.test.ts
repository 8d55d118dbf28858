import { describe, expect, it } from 'vitest';
import { findingId } from './finding-id.ts';

describe('findingId', () => {
  it('is FNV-1a of 64 bits over the parts, each closed by a zero byte', () => {
    // Published vector of FNV-1a 64 for one zero byte: offset basis times prime.
    expect(findingId([''])).toBe('af63bd4c8601b7df');
    expect(findingId([])).toBe('cbf29ce484222325');
  });

  it('keeps parts apart', () => {
    expect(findingId(['ab', 'c'])).not.toBe(findingId(['a', 'bc']));
    expect(findingId(['a', ''])).not.toBe(findingId(['a']));
  });
});
