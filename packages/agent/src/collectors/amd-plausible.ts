/**
 * Error counters that no memory can have. A consumer board whose driver reads registers that are not there reports 1,048,560
 * more errors at every query (sixteen channels of 65,535 each: all ones in 16 bits). Believed, that is a drain for nothing.
 */
import { known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import type { AmdErrorCounts, AmdGpu } from '@trivet/shared/model/amd.ts';

/** All ones in 16 bits, the width of a memory channel's counter (UMC `EccErrCnt` in the driver's register headers). */
const ALL_ONES = 0xffff;
/** Between two looks half a minute apart. Below the driver's bug, and far above what a board lives through: pages are retired long before. */
const STEP_MAX = 1_000_000;
/** The first uncorrectable error ends the work that meets it, and mostly the GPU's run. */
const UNCORRECTABLE_MAX = ALL_ONES - 1;

/** `before`: the same board at the last look, as it was read. */
export function withoutImplausible(gpu: AmdGpu, before: AmdGpu | null): AmdGpu {
  const implausible: string[] = [];
  const counts = (where: string, now: AmdErrorCounts, past: AmdErrorCounts | undefined): AmdErrorCounts => {
    const check = (kind: keyof AmdErrorCounts): Reading<number> => {
      const why = problem(kind, now[kind], past?.[kind]);
      if (why === null) return now[kind];
      implausible.push(`${where}/${kind}: ${why}`);
      return { unknown: why };
    };
    return {
      correctable: check('correctable'),
      uncorrectable: check('uncorrectable'),
      deferred: check('deferred'),
    };
  };
  const eccTotal = counts('total', gpu.eccTotal, before?.eccTotal);
  const ras = gpu.ras.map(({ block, ...now }) => {
    const past = before?.ras.find((other) => other.block === block);
    return { block, ...counts(block, now, past) };
  });
  return { ...gpu, eccTotal, ras, implausible };
}

function problem(kind: keyof AmdErrorCounts, now: Reading<number>, past: Reading<number> | undefined): string | null {
  if (!known(now) || now.value === 0) return null;
  if (now.value % ALL_ONES === 0) return `${now.value}, a multiple of 65535: a register that is not there`;
  if (kind === 'uncorrectable' && now.value > UNCORRECTABLE_MAX) return `${now.value}, more than any board survives`;
  const step = past !== undefined && known(past) ? now.value - past.value : 0;
  return step > STEP_MAX ? `${now.value}, ${step} more than at the last look` : null;
}
