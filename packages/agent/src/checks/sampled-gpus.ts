/** GPUs of a look, whichever vendor made them. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { known } from '@trivet/shared/model/gpu.ts';
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

/** Every board that was ever seen has one of them. One without any was named, and not looked at: it proves nothing. */
export function isDescribed(gpu: NvidiaGpu | AmdGpu): boolean {
  if (gpu.vendor === 'nvidia') return known(gpu.temperatureCelsius) || known(gpu.memoryTotalBytes);
  const { edgeCelsius, hotspotCelsius, memoryCelsius, memoryUsedBytes } = gpu;
  return [edgeCelsius, hotspotCelsius, memoryCelsius, memoryUsedBytes].some(known);
}
