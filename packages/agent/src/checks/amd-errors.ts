/**
 * Errors of memory and logic that the driver counted since it was loaded, by part of the chip. AMD has no Xid: the counters and
 * the kernel's lines are all there is, and neither names the mildest action that helps.
 */
import type { AmdErrorCounts, AmdGpu, AmdRasBlock } from '@trivet/shared/model/amd.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import { amdCheck, any } from './amd-condition.ts';
import type { AmdCondition } from './amd-condition.ts';
import { growth } from './amd-growth.ts';
import { AMD_DESKTOP } from './board.ts';
import { isPositive, print } from './condition.ts';

/** Where an error may come from the other end of the link as well as from this chip. */
const LINK_BLOCKS: ReadonlySet<string> = new Set(['XGMI_WAFL', 'PCIE_BIF', 'BIF']);
const MEMORY_BLOCK = 'UMC';

type Where = 'memory' | 'link' | 'other';

function whereOf(block: string): Where {
  if (block === MEMORY_BLOCK) return 'memory';
  return LINK_BLOCKS.has(block) ? 'link' : 'other';
}

function uncorrectableIn(gpu: AmdGpu, where: Where): readonly AmdRasBlock[] {
  return gpu.ras.filter(({ block, uncorrectable }) => whereOf(block) === where && isPositive(uncorrectable) === true);
}

/** Errors that the total has and no part of the chip: they are somewhere. */
function unplaced({ eccTotal, ras }: AmdGpu): boolean | null {
  const { uncorrectable } = eccTotal;
  if (!known(uncorrectable)) return ras.length > 0 ? false : null;
  const placed = ras.reduce((sum, block) => sum + (known(block.uncorrectable) ? block.uncorrectable.value : 0), 0);
  return uncorrectable.value > placed;
}

function uncorrectable(code: string, where: Where): AmdCondition {
  return {
    code,
    holds: (gpu) => {
      if (uncorrectableIn(gpu, where).length > 0) return true;
      if (where === 'other' && unplaced(gpu) === true) return true;
      // A total of nothing is nothing anywhere; a part that was not read may hide one that was counted.
      if (isPositive(gpu.eccTotal.uncorrectable) === false) return false;
      const blocks = gpu.ras.filter(({ block }) => whereOf(block) === where);
      return any(blocks.map((block) => isPositive(block.uncorrectable)));
    },
    text: (gpu) => {
      const blocks = uncorrectableIn(gpu, where).map((block) => `${block.block} ${print(block.uncorrectable)}`);
      return `uncorrectable errors: ${blocks.join(', ') || 'of no named part'} (total ${print(gpu.eccTotal.uncorrectable)})`;
    },
  };
}

function total(kind: keyof AmdErrorCounts): (gpu: AmdGpu) => Reading<number> {
  return ({ eccTotal }) => eccTotal[kind];
}

/** Deferred errors are counted in memory; older tools give no total of them. */
function deferred(gpu: AmdGpu): boolean | null {
  return any([isPositive(gpu.eccTotal.deferred), ...gpu.ras.map((block) => isPositive(block.deferred))].filter(isTold));
}

/** Boards for desktops have none, and say so. */
function isOff({ model, eccMode }: AmdGpu): boolean | null {
  return known(eccMode) && model !== null && !AMD_DESKTOP.test(model) ? !eccMode.value : null;
}

function isTold(answer: boolean | null): answer is boolean {
  return answer !== null;
}

/**
 * AMD publishes no limit. Ours: a board that corrects a hundred errors within a quarter of an hour repairs the same place again
 * and again, which is how pages come to be retired.
 */
const CORRECTABLE_GROWTH = 100;

export const amdErrors = amdCheck('amd-errors', [
  uncorrectable('amd.ecc-uncorrectable-memory', 'memory'),
  uncorrectable('amd.ecc-uncorrectable', 'other'),
  uncorrectable('amd.ecc-uncorrectable-link', 'link'),
  {
    code: 'amd.ecc-deferred',
    holds: deferred,
    text: ({ eccTotal, ras }) => {
      const blocks = ras.filter((block) => isPositive(block.deferred) === true);
      const named = blocks.map((block) => `${block.block} ${print(block.deferred)}`).join(', ');
      return `deferred errors: ${named || print(eccTotal.deferred)}`;
    },
  },
  growth({
    code: 'amd.ecc-correctable-growth',
    reading: 'amd-correctable',
    read: total('correctable'),
    limit: CORRECTABLE_GROWTH,
    words: 'correctable errors',
  }),
  { code: 'amd.ecc-off', holds: isOff, text: () => 'ecc_block_state: UMC is not enabled' },
  {
    code: 'amd.ecc-implausible',
    holds: ({ implausible }) => implausible.length > 0,
    // The numbers rise with every look.
    text: ({ implausible }) => `not believed: ${implausible.map((text) => text.replace(/: .*$/, '')).join(', ')}`,
  },
]);
