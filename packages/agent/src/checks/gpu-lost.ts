/**
 * A GPU that does not answer: named as lost by the tool or by the kernel without an Xid, or described with error texts where
 * every working GPU has numbers. What the tool could merely not open is not lost.
 */
import type { LostGpu, NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { KERNEL_LOG, NVIDIA_SMI } from './check.ts';
import type { Absent, Check, CheckInput, Seen } from './check.ts';
import { conditionCheck, refOf } from './condition.ts';
import type { Condition } from './condition.ts';
import { gpuAt, seenInEvents } from './kernel-seen.ts';
import { isDescribed } from './sampled-gpus.ts';

const TEXTS = {
  'gpu.lost': /: GPU is (lost|inaccessible)$/i,
  'reset-status.required': /: GPU requires reset$/i,
  'gpu.unknown-error': /: Unknown Error$/i,
};

function condition(code: string, matches: (text: string) => boolean): Condition {
  return {
    code,
    holds: (gpu) => {
      if (gpu.errorTexts.some(matches)) return true;
      return isDescribed(gpu) ? false : null;
    },
    text: ({ errorTexts }) => errorTexts.filter(matches).join('; '),
  };
}

/** Error texts of core readings. A text that means none of the first three says that the GPU could not be read. */
const readings = conditionCheck('gpu-lost', [
  condition('gpu.lost', (text) => TEXTS['gpu.lost'].test(text)),
  condition('gpu.unknown-error', (text) => TEXTS['gpu.unknown-error'].test(text)),
  condition('gpu.unreachable', (text) => !Object.values(TEXTS).some((pattern) => pattern.test(text))),
]);

function resetRequired(gpu: NvidiaGpu): string[] {
  return gpu.errorTexts.filter((text) => TEXTS['reset-status.required'].test(text));
}

function isSame(gpu: NvidiaGpu, lost: LostGpu): boolean {
  return (lost.uuid !== null && lost.uuid === gpu.uuid) || (lost.pciBusId !== null && lost.pciBusId === gpu.pciBusId);
}

function seen(input: CheckInput): Seen[] {
  const base = { at: input.at, source: NVIDIA_SMI };
  const { gpus = [], lost = [] } = input.samples.nvidia ?? {};
  return [
    ...lost.map((gpu) => {
      const described = gpus.find((other) => isSame(other, gpu));
      const code = gpu.kind === 'lost' ? 'gpu.lost' : 'gpu.unreachable';
      return { ...base, gpu: refOf(described ?? gpu), code, text: gpu.text };
    }),
    ...readings.run(input),
    ...gpus
      .filter((gpu) => resetRequired(gpu).length > 0)
      .map((gpu) => ({ ...base, gpu: refOf(gpu), code: 'reset-status.required', text: resetRequired(gpu).join('; ') })),
  ];
}

/** The kernel's own words; with an Xid 79 of the same GPU they say nothing new. */
function seenInKernelLog(input: CheckInput): Seen[] {
  const offBus = new Set(
    input.events.flatMap((event) => (event.kind === 'xid' && event.xid === 79 ? [event.pciBusId] : [])),
  );
  return seenInEvents(input, 'gpu-lost', ({ pciBusId }) =>
    offBus.has(pciBusId) ? null : { gpu: gpuAt(pciBusId, input), code: 'gpu.lost' },
  );
}

function absent(input: CheckInput): Absent[] {
  const { nvidia } = input.samples;
  if (nvidia === undefined) return [];
  const described = (readings.absent?.(input) ?? []).filter(
    ({ gpu }) =>
      !nvidia.lost.some((lost) => lost.uuid === (gpu?.uuid ?? '') || lost.pciBusId === (gpu?.pciBusId ?? '')),
  );
  const at = input.sampledAt ?? input.at;
  // Of a GPU that the tool named by an index only, that every GPU answers is the proof.
  const { gpus, lost } = nvidia;
  const answers =
    gpus.length > 0 &&
    gpus.length >= input.mostGpusSeen &&
    gpus.every((gpu) => gpu.errorTexts.length === 0 && isDescribed(gpu));
  const all = lost.length === 0 && answers;
  return [...described, ...(all ? ['gpu.lost', 'gpu.unreachable'].map((code) => ({ gpu: null, code, at })) : [])];
}

export const gpuLost: Check = {
  name: 'gpu-lost',
  // Either is enough.
  needs: [NVIDIA_SMI, KERNEL_LOG],
  run: (input) => [...seenInKernelLog(input), ...seen(input)],
  absent,
};
