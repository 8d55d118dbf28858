/** GPUs of a look, whichever vendor made them. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import type { Samples } from '@trivet/shared/model/report.ts';

export function sampledGpus({ nvidia, amd }: Samples): readonly (NvidiaGpu | AmdGpu)[] {
  return [...(nvidia?.gpus ?? []), ...(amd?.gpus ?? [])];
}
