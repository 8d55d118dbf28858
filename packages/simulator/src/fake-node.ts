/**
 * What a real agent finds on a simulated node: a fake nvidia-smi that shows the world's GPUs, and a kernel log file to which
 * the driver's lines are added as faults begin.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFakeNvidiaSmi, writeFakeWorld, type FakeGpu, type FakeGpuWorld } from './fake-nvidia-smi.ts';
import { kernelLine } from './faults.ts';
import type { AgentView, OpenFault } from './world.ts';

export interface FakeNode {
  readonly nvidiaSmi: string;
  readonly kernelLog: string;
  /** Makes it look as the world says; lines of faults that it has seen before are not repeated. */
  update(view: AgentView): void;
}

/** A driver that knows the recovery action. */
const DRIVER_VERSION = '580.65.06';
const CUDA_VERSION = '13.0';

export async function makeFakeNode(dir: string, view: AgentView): Promise<FakeNode> {
  mkdirSync(dir, { recursive: true });
  const kernelLog = join(dir, 'kernel.log');
  const told = new Set<string>();
  const tell = (open: OpenFault): void => {
    const key = `${open.fault.name}/${open.gpu}/${open.since.toISOString()}`;
    if (told.has(key)) return;
    told.add(key);
    appendFileSync(kernelLog, linesOf(view, open));
  };
  appendFileSync(kernelLog, 'NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64\n');
  return {
    nvidiaSmi: await writeFakeNvidiaSmi(dir, gpuWorldOf(view)),
    kernelLog,
    update: (now) => {
      writeFakeWorld(join(dir, 'gpus.json'), gpuWorldOf(now));
      for (const open of now.faults) tell(open);
    },
  };
}

function gpuWorldOf({ hardware, faults }: AgentView): FakeGpuWorld {
  const gpus = hardware.gpus.map(({ uuid, pciBusId, serial, model }, index): FakeGpu => {
    const intact = { uuid: uuid ?? '', pciBusId: pciBusId ?? '', serial: serial ?? '', model: model ?? '' };
    const signs = faults.filter(({ gpu }) => gpu === index).flatMap(({ fault }) => fault.signs);
    return signs.reduce<FakeGpu>((gpu, { looks }) => ({ ...gpu, ...looks }), { ...intact, minorNumber: index });
  });
  return { driverVersion: DRIVER_VERSION, cudaVersion: CUDA_VERSION, gpus };
}

function linesOf({ hardware }: AgentView, { fault, gpu }: OpenFault): string {
  const bus = hardware.gpus[gpu]?.pciBusId ?? '';
  const lines = fault.signs.filter(({ source }) => source === 'kernel-log');
  return lines.map((sign) => `${kernelLine(bus, sign)}\n`).join('');
}
