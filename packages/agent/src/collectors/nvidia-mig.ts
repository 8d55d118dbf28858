/**
 * UUIDs and profiles of MIG devices, which only `nvidia-smi -L` tells: schedulers know a part of a GPU by nothing else. The list
 * is asked for when the parts have changed, not at every look.
 */
import type { MigDevice } from '@trivet/shared/model/nvidia.ts';
import type { NvidiaGpu, NvidiaSample } from '@trivet/shared/model/gpu.ts';
import { GPUS_MAX, MIG_DEVICES_MAX } from '@trivet/shared/protocol/limits.ts';

const GPU = /^GPU \d+: .{0,200}? \(UUID: (GPU-[\w-]{1,64})\)\s*$/;
/** `  MIG 1g.10gb     Device  0: (UUID: MIG-…)` */
const DEVICE = /^\s+MIG (\S{1,60}) {1,40}Device\s+(\d{1,3}): \(UUID: (MIG-[\w/-]{1,100})\)\s*$/;
const LINES_MAX = GPUS_MAX * (MIG_DEVICES_MAX + 2);

type Name = Pick<MigDevice, 'uuid' | 'profile'>;

/** By the GPU's UUID and the device's index. */
export type MigNames = ReadonlyMap<string, ReadonlyMap<number, Name>>;

export function readMigNames(list: string): MigNames {
  const found = new Map<string, Map<number, Name>>();
  let current: Map<number, Name> | undefined;
  for (const line of list.split(/\r?\n/, LINES_MAX)) {
    if (line.length > 1024) continue;
    const gpu = GPU.exec(line)?.[1];
    if (gpu !== undefined) {
      current = new Map();
      found.set(gpu, current);
      continue;
    }
    const [, profile, index, uuid] = DEVICE.exec(line) ?? [];
    if (profile !== undefined && uuid !== undefined) current?.set(Number(index), { uuid, profile });
  }
  return found;
}

/** What the parts of this node's GPUs are; the same text as long as they are the same. Empty where no GPU is divided. */
export function migLayout({ gpus }: NvidiaSample): string {
  return gpus
    .filter(({ migDevices }) => migDevices.length > 0)
    .map(
      ({ uuid, migDevices }) =>
        `${uuid} ${migDevices.map((of) => [of.index, of.gpuInstanceId, of.computeInstanceId].join('/')).join(' ')}`,
    )
    .join('\n');
}

export function withMigNames(sample: NvidiaSample, names: MigNames): NvidiaSample {
  const named = (gpu: NvidiaGpu): NvidiaGpu => {
    const ofGpu = names.get(gpu.uuid ?? '');
    if (ofGpu === undefined || gpu.migDevices.length === 0) return gpu;
    return {
      ...gpu,
      migDevices: gpu.migDevices.map((device) => ({ ...device, ...ofGpu.get(device.index ?? -1) })),
    };
  };
  return { ...sample, gpus: sample.gpus.map(named) };
}
