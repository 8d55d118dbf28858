/** Names and values of what `history.ts` keeps from look to look. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';
import type { GpuRef } from '@trivet/shared/model/finding.ts';
import type { Samples } from '@trivet/shared/model/report.ts';

export type Values = readonly (readonly [series: string, value: number])[];
export type Track = (samples: Samples) => Values;

export interface Baseline {
  readonly track: Track;
  /** Which of two values stays. */
  readonly keep: (before: number, now: number) => number;
}

export function gpuKey({ uuid, pciBusId }: GpuRef): string {
  return uuid ?? pciBusId ?? 'unnamed';
}

export function seriesOf(gpu: GpuRef, reading: string): string {
  return `${gpuKey(gpu)}/${reading}`;
}

/** Of each NVIDIA GPU whose reading is known. */
export function nvidiaValues(
  { nvidia }: Samples,
  reading: string,
  read: (gpu: NvidiaGpu) => Reading<number> | Reading<boolean>,
): Values {
  return (nvidia?.gpus ?? []).flatMap((gpu) => {
    const value: Reading<number | boolean> = read(gpu);
    return known(value) ? [[seriesOf(gpu, reading), Number(value.value)] as const] : [];
  });
}

/** The same of each AMD board. */
export function amdValues({ amd }: Samples, reading: string, read: (gpu: AmdGpu) => Reading<number>): Values {
  return (amd?.gpus ?? []).flatMap((gpu) => {
    const value = read(gpu);
    return known(value) ? [[seriesOf(gpu, reading), value.value] as const] : [];
  });
}
