/** GPUs of a look, whichever vendor made them. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import type { Samples } from '@trivet/shared/model/report.ts';

/**
 * AMD boards; null where they cannot be told from their partitions, of which there are eight to a board: taken for boards, they
 * would be missed for ever after.
 */
export function countedAmdBoards({ amd }: Samples): number | null {
  const gpus = amd?.gpus ?? [];
  return gpus.length === 0 || gpus.some(({ pciBusId }) => pciBusId === null) ? null : gpus.length;
}

export function sampledGpus({ nvidia, amd }: Samples): readonly (NvidiaGpu | AmdGpu)[] {
  return [...(nvidia?.gpus ?? []), ...(amd?.gpus ?? [])];
}
