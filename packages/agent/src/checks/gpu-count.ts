/** How many GPUs there are, by everyone who counts: the tool's own number, what it describes, PCI, expectation and the past. */
import { NVIDIA_SMI } from './check.ts';
import type { Absent, Check, CheckInput, Seen } from './check.ts';

interface Count {
  readonly present: number;
  /** What differs from `present`, in words. */
  readonly differences: readonly string[];
  readonly isFewerThanBefore: boolean;
}

/** Null when nothing can be told: no sample, or one handle failed and the tool hid the others. */
function count({ samples, expectedGpus, mostGpusSeen }: CheckInput): Count | null {
  const { nvidia, host } = samples;
  if (nvidia === undefined) return null;
  const described = nvidia.gpus.length + (nvidia.listed?.length ?? 0);
  if (described === 0 && nvidia.lost.length > 0) return null;
  // A GPU that is described may be named as lost as well.
  const lostOnly = nvidia.lost.filter(
    ({ pciBusId }) => pciBusId === null || !nvidia.gpus.some((gpu) => gpu.pciBusId === pciBusId),
  );
  const present = described + lostOnly.length;
  const onPci = host?.pciGpus.filter(({ vendor }) => vendor === 'nvidia').length;
  const others = [
    { who: 'the tool counts', gpus: nvidia.attachedGpus },
    { who: 'PCI shows', gpus: onPci },
    { who: 'expected are', gpus: expectedGpus },
  ];
  return {
    present,
    differences: others.flatMap(({ who, gpus }) =>
      gpus === null || gpus === undefined || gpus === present ? [] : [`${who} ${gpus}`],
    ),
    // As many as expected are enough, whatever there was before: somebody has taken one out and said so.
    isFewerThanBefore: present < mostGpusSeen && (expectedGpus === null || present < expectedGpus),
  };
}

function run(input: CheckInput): Seen[] {
  const counted = count(input);
  if (counted === null) return [];
  const base = { gpu: null, at: input.at, source: NVIDIA_SMI };
  const { present, differences, isFewerThanBefore } = counted;
  return [
    ...(differences.length > 0
      ? [{ ...base, code: 'gpu.count', text: `${present} GPUs present, but ${differences.join(', ')}` }]
      : []),
    ...(isFewerThanBefore
      ? [
          {
            ...base,
            code: 'gpu.fewer-than-before',
            text: `${present} GPUs present, ${input.mostGpusSeen} were seen before`,
          },
        ]
      : []),
  ];
}

function absent(input: CheckInput): Absent[] {
  const counted = count(input);
  if (counted === null) return [];
  const base = { gpu: null, at: input.sampledAt ?? input.at };
  return [
    ...(counted.differences.length === 0 ? [{ ...base, code: 'gpu.count' }] : []),
    ...(counted.isFewerThanBefore ? [] : [{ ...base, code: 'gpu.fewer-than-before' }]),
  ];
}

export const gpuCount: Check = { name: 'gpu-count', needs: [NVIDIA_SMI], run, absent };
