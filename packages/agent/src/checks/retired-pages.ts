/** Page retirement (Volta and older, Turing): pages that wait for a reload of the driver, and the end of the list. */
import { valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { conditionCheck, flagCondition, print } from './condition.ts';

/** As many as the InfoROM has room for (NVIDIA's comparison of page retirement and row remapping). */
const RETIRED_PAGES_MAX = 64;

function atLimit(gpu: NvidiaGpu): boolean | null {
  const singleBit = valueOf(gpu.retiredPagesSingleBit);
  const doubleBit = valueOf(gpu.retiredPagesDoubleBit);
  if (singleBit === undefined && doubleBit === undefined) return null;
  if ((singleBit ?? 0) + (doubleBit ?? 0) >= RETIRED_PAGES_MAX) return true;
  return singleBit === undefined || doubleBit === undefined ? null : false;
}

export const retiredPages = conditionCheck('retired-pages', [
  flagCondition('retired.pending', 'retired_pages/pending_retirement', (gpu) => gpu.retirementPending),
  {
    code: 'retired.limit',
    holds: atLimit,
    text: ({ retiredPagesSingleBit, retiredPagesDoubleBit }) =>
      `retired_pages: ${print(retiredPagesSingleBit)} single-bit, ${print(retiredPagesDoubleBit)} double-bit, ${RETIRED_PAGES_MAX} at most`,
  },
]);
