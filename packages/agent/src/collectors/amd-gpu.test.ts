import { describe, expect, it } from 'vitest';
import { toGpu } from './amd-gpu.ts';

function errorTextsOf(block: { readonly [key: string]: string | number }) {
  const metric = { ecc: { total_uncorrectable_count: 0 }, ecc_blocks: { UMC: block } };
  return toGpu([{ index: 0, partitionId: null, pciBusId: '0000:05:00.0', entry: { metric } }]).errorTexts;
}

describe('errors that nothing mended', () => {
  it.each(['ERR!', '-1', -1, '1,234', 0.5, 'Timeout'])('%s is not none, whatever the total says', (told) => {
    expect(errorTextsOf({ uncorrectable_count: told })).toEqual([`metric/ecc_blocks/UMC/uncorrectable_count: ${told}`]);
  });

  it.each([0, '0', 3, 'N/A', 2 ** 64])('%s is a count, or said not to be there', (told) => {
    expect(errorTextsOf({ uncorrectable_count: told })).toEqual([]);
    expect(errorTextsOf({ correctable_count: 1 })).toEqual([]);
  });
});
