/**
 * Which GPU is the lost one, where the tool does not say: it names it by a number only, or prints an error in its place. When of the
 * boards that this boot has shown exactly one is neither described nor listed, that is it. With more than one it stays unnamed.
 */
import type { LostGpu, NvidiaSample } from '@trivet/shared/model/gpu.ts';
import type { GpuRef } from '@trivet/shared/model/finding.ts';
import type { Samples } from '@trivet/shared/model/report.ts';

function isUnnamed({ pciBusId, uuid }: LostGpu): boolean {
  return pciBusId === null && uuid === null;
}

/** NVIDIA boards seen in this boot that nothing in this sample accounts for. */
function missing({ gpus, listed = [], lost }: NvidiaSample, uuids: Readonly<Record<string, string>>): GpuRef[] {
  const named = [...gpus, ...lost];
  return Object.entries(uuids)
    .filter(([, uuid]) => uuid.startsWith('GPU-'))
    .filter(([busId, uuid]) => !named.some((gpu) => gpu.pciBusId === busId || gpu.uuid === uuid))
    .filter(([, uuid]) => !listed.some((gpu) => gpu.uuid === uuid))
    .map(([pciBusId, uuid]) => ({ pciBusId, uuid }));
}

/** `uuids`: by bus id, of this boot. */
export function withLostNamed(samples: Samples, uuids: Readonly<Record<string, string>>): Samples {
  const { nvidia } = samples;
  if (nvidia === undefined || nvidia.lost.filter(isUnnamed).length !== 1) return samples;
  const [found, ...others] = missing(nvidia, uuids);
  if (found === undefined || others.length > 0) return samples;
  const lost = nvidia.lost.map((gpu) => (isUnnamed(gpu) ? { ...gpu, ...found } : gpu));
  return { ...samples, nvidia: { ...nvidia, lost } };
}
