/**
 * Every other line of the kernel log that means something (`kernel-rows-*.ts` say what), and the lines that prove something to
 * be over. A line that names a device which is no GPU is about the node.
 */
import { KERNEL_LOG } from './check.ts';
import type { Check, CheckInput } from './check.ts';
import type { FaultEvent } from './kernel-event.ts';
import { gpuAt, seenInEvents } from './kernel-seen.ts';

/** At a port it is a hint, at a GPU the loss of its link. */
const OF_GPU: ReadonlyMap<string, string> = new Map([
  ['pcie.aer-fatal', 'pcie.aer-fatal-gpu'],
  ['pcie.unrecovered', 'pcie.unrecovered-gpu'],
]);

function gpuOf({ pciBusId, isGpu }: FaultEvent, input: CheckInput) {
  if (pciBusId === null || !(isGpu || input.gpuBusIds.has(pciBusId))) return null;
  return gpuAt(pciBusId, input);
}

export const kernelFault: Check = {
  name: 'kernel-fault',
  needs: [KERNEL_LOG],
  run: (input) => [
    ...seenInEvents(input, 'fault', (event) => {
      const gpu = gpuOf(event, input);
      return { gpu, code: gpu === null ? event.code : (OF_GPU.get(event.code) ?? event.code) };
    }),
    ...seenInEvents(input, 'fault-over', ({ codes, pciBusId }) => ({
      gpu: pciBusId === null ? null : gpuAt(pciBusId, input),
      code: codes[0] ?? '',
      over: { codes },
    })),
    ...seenInEvents(input, 'gpu-reset', ({ pciBusId }) => ({
      gpu: gpuAt(pciBusId, input),
      code: 'gpu-reset',
      over: { isReset: true },
    })),
  ],
};
