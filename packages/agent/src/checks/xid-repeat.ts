/**
 * Errors of applications that always meet the same part of the same GPU. One such error says nothing of the hardware; bursts
 * of it, hours apart and never elsewhere, do (NVIDIA's workflows 13 and 31; NVSentinel: twice in 24 h).
 */
import { KERNEL_LOG } from './check.ts';
import type { Check, CheckInput, Seen } from './check.ts';
import { MMU_FAULT_BURSTS, burstKeyOf } from './bursts.ts';
import { burstsOf } from './history.ts';
import type { XidEvent } from './kernel-event.ts';
import { gpuAt, seenInEvents } from './kernel-seen.ts';

const REPEATS = 2;

/** GPUs that had an MMU fault within the day. */
function faultedGpus({ history }: CheckInput): number {
  return Object.keys(history.durable.bursts).filter((key) => key.startsWith(MMU_FAULT_BURSTS)).length;
}

function repeatOf(event: XidEvent, input: CheckInput): Pick<Seen, 'gpu' | 'code' | 'over'> | null {
  const key = burstKeyOf(event);
  if (key === null) return null;
  const gpu = gpuAt(event.pciBusId, input);
  const code = `xid.${event.xid}.repeat`;
  const isElsewhere = event.xid === 31 && faultedGpus(input) > 1;
  if (isElsewhere) return { gpu: null, code, over: { codes: [code], ofAllGpus: true } };
  return burstsOf(input.history, key).length >= REPEATS ? { gpu, code } : null;
}

export const xidRepeat: Check = {
  name: 'xid-repeat',
  needs: [KERNEL_LOG],
  run: (input) => seenInEvents(input, 'xid', (event) => repeatOf(event, input)),
};
