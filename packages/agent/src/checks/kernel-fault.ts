/**
 * Every other line of the kernel log that means something (`kernel-rows-*.ts` say what), and the lines that prove something to
 * be over. A line that names a device which is no GPU is about the node, with one finding for each device.
 */
import { KERNEL_LOG } from './check.ts';
import type { Check, CheckInput, Seen } from './check.ts';
import type { FaultEvent, FaultOverEvent } from './kernel-event.ts';
import { gpuAt, seenInEvents } from './kernel-seen.ts';

/** At a port it is a hint, at a GPU the loss of its link. */
const OF_GPU: ReadonlyMap<string, string> = new Map([
  ['pcie.aer-fatal', 'pcie.aer-fatal-gpu'],
  ['pcie.unrecovered', 'pcie.unrecovered-gpu'],
]);

/** The GPU that the line is about, or the device that is none. */
function placeOf({ pciBusId, isGpu }: FaultEvent | FaultOverEvent, input: CheckInput): Pick<Seen, 'gpu' | 'device'> {
  if (pciBusId === null) return { gpu: null };
  return isGpu || input.gpuBusIds.has(pciBusId) ? { gpu: gpuAt(pciBusId, input) } : { gpu: null, device: pciBusId };
}

export const kernelFault: Check = {
  name: 'kernel-fault',
  needs: [KERNEL_LOG],
  run: (input) => [
    ...seenInEvents(input, 'fault', (event) => {
      const place = placeOf(event, input);
      return { ...place, code: place.gpu === null ? event.code : (OF_GPU.get(event.code) ?? event.code) };
    }),
    ...seenInEvents(input, 'fault-over', (event) => ({
      ...placeOf(event, input),
      code: 'over',
      over: { codes: event.codes },
    })),
    ...seenInEvents(input, 'boot', () => ({ gpu: null, code: 'boot', over: { isBoot: true } })),
    ...seenInEvents(input, 'gpu-reset', ({ pciBusId }) => ({
      gpu: gpuAt(pciBusId, input),
      code: 'gpu-reset',
      over: { isReset: true },
    })),
  ],
};
