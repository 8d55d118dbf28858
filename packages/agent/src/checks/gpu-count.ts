/**
 * How many GPUs there are, by everyone who counts: the tool's own number, what it describes, PCI, expectation and the past.
 * Boards, not logical GPUs: a partitioned one counts once, as on PCI.
 */
import type { KernelModule, Samples, Vendor } from '@trivet/shared/model/report.ts';
import { AMD_SMI, NVIDIA_SMI } from './check.ts';
import type { Absent, Check, CheckInput, Seen } from './check.ts';
import { countedAmdBoards } from './sampled-gpus.ts';

interface Count {
  readonly present: number;
  readonly source: string;
  /** What differs from `present`, in words. */
  readonly differences: readonly string[];
  /** Null: before, GPUs may have been counted that nobody has counted now. */
  readonly isFewerThanBefore: boolean | null;
}

interface VendorCount {
  readonly vendor: Vendor;
  readonly source: string;
  readonly present: number;
  /** The tool's own number. */
  readonly told: number | null;
}

/** A driver that is being loaded brings up its GPUs one after the other. */
function isOnItsWay(module: KernelModule | undefined): boolean {
  return module?.state === 'loading' || module?.state === 'unloading';
}

/** Null when nothing can be told: no sample, no GPU in it, or one handle failed and the tool hid the others. */
function nvidiaCount({ nvidia, host }: Samples): VendorCount | null {
  if (nvidia === undefined || isOnItsWay(host?.modules.nvidia)) return null;
  const described = nvidia.gpus.length + (nvidia.listed?.length ?? 0);
  if (described === 0) return null;
  // A GPU that is described may be named as lost as well.
  const lostOnly = nvidia.lost.filter(
    ({ pciBusId }) => pciBusId === null || !nvidia.gpus.some((gpu) => gpu.pciBusId === pciBusId),
  );
  const present = described + lostOnly.length;
  return { vendor: 'nvidia', source: NVIDIA_SMI, present, told: nvidia.attachedGpus };
}

/** An answer without any GPU is no count: the tool says so when it cannot open them. */
function amdCount(samples: Samples): VendorCount | null {
  const present = countedAmdBoards(samples);
  return present === null || isOnItsWay(samples.host?.modules.amdgpu)
    ? null
    : { vendor: 'amd', source: AMD_SMI, present, told: null };
}

/** Of all vendors together; null when one of those that are here could not be counted at this look. */
function count({
  samples,
  comparesPci,
  expectedGpus,
  mostGpusSeen,
  toldVendors,
  pciVendors,
}: CheckInput): Count | null {
  const counted = [nvidiaCount(samples), amdCount(samples)].filter((found) => found !== null);
  const pciGpus = comparesPci ? samples.host?.pciGpus : undefined;
  const isCounted = (vendor: Vendor): boolean => counted.some((found) => found.vendor === vendor);
  const [first] = counted;
  const here = [...toldVendors, ...(pciGpus ?? []).map(({ vendor }) => vendor)];
  if (first === undefined || !here.every(isCounted)) return null;
  const total = counted.reduce((sum, { present }) => sum + present, 0);
  // One that the tool counts and does not describe is not gone: it could not be looked at.
  const atLeast = counted.reduce((sum, { present, told }) => sum + Math.max(present, told ?? 0), 0);
  const ofVendor = counted.flatMap(({ vendor, present, told }) => {
    const onPci = pciGpus?.filter((gpu) => gpu.vendor === vendor).length ?? null;
    const each = [
      { who: 'the tool counts', gpus: told },
      { who: 'PCI shows', gpus: onPci },
    ];
    return each.map((other) => ({ ...other, present, of: counted.length > 1 ? ` by ${vendor}` : '' }));
  });
  const others = [...ofVendor, { who: 'expected are', gpus: expectedGpus, present: total, of: '' }];
  return {
    present: total,
    source: first.source,
    differences: others.flatMap(({ who, gpus, present, of }) =>
      gpus === null || gpus === present ? [] : [`${who} ${gpus}${of}`],
    ),
    // As many as expected are enough, whatever there was before: somebody has taken one out and said so.
    isFewerThanBefore: [...pciVendors].every(isCounted)
      ? atLeast < mostGpusSeen && (expectedGpus === null || atLeast < expectedGpus)
      : null,
  };
}

function run(input: CheckInput): Seen[] {
  const counted = count(input);
  if (counted === null) return [];
  const { present, source, differences, isFewerThanBefore } = counted;
  const base = { gpu: null, at: input.at, source };
  return [
    ...(differences.length > 0
      ? [{ ...base, code: 'gpu.count', text: `${present} GPUs present, but ${differences.join(', ')}` }]
      : []),
    ...(isFewerThanBefore === true
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
  const base = { gpu: null, at: input.sampledAt ?? input.at, source: counted.source };
  return [
    ...(counted.differences.length === 0 ? [{ ...base, code: 'gpu.count' }] : []),
    ...(counted.isFewerThanBefore === false ? [{ ...base, code: 'gpu.fewer-than-before' }] : []),
  ];
}

// Either is enough.
export const gpuCount: Check = { name: 'gpu-count', needs: [NVIDIA_SMI, AMD_SMI], run, absent };
