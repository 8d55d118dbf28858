/**
 * Errors of applications that always meet the same part of the same GPU. One such error says nothing of the hardware; bursts
 * of it, again within a day and nowhere else, do (NVIDIA's workflows 13 and 31; NVSentinel: twice in 24 h).
 */
import { MMU_FAULT_BURSTS, PLACES_MAX, burstOf, exceptionBursts } from './bursts.ts';
import { KERNEL_LOG } from './check.ts';
import type { Check, CheckInput, Seen } from './check.ts';
import { burstsOf } from './history.ts';
import type { XidEvent } from './kernel-event.ts';
import { gpuAt, seenInEvents } from './kernel-seen.ts';

const REPEATS = 2;

/** Keys of the day that begin alike. */
function countOf({ history }: CheckInput, group: string): number {
  return Object.keys(history.durable.bursts).filter((key) => key.startsWith(group)).length;
}

/** On several GPUs, or all over one of them, it is the application. */
function isSpread({ xid, pciBusId }: XidEvent, input: CheckInput): boolean {
  if (xid === 31) return countOf(input, MMU_FAULT_BURSTS) > 1;
  return countOf(input, exceptionBursts(pciBusId)) > PLACES_MAX;
}

function repeatOf(event: XidEvent, input: CheckInput): Pick<Seen, 'gpu' | 'code' | 'over'> | null {
  const burst = burstOf(event);
  if (burst === null) return null;
  const gpu = gpuAt(event.pciBusId, input);
  const code = `xid.${event.xid}.repeat`;
  if (isSpread(event, input)) return { gpu, code, over: { codes: [code], ofAllGpus: event.xid === 31 } };
  return burstsOf(input.history, burst.key).length >= REPEATS ? { gpu, code } : null;
}

export const xidRepeat: Check = {
  name: 'xid-repeat',
  needs: [KERNEL_LOG],
  run: (input) => seenInEvents(input, 'xid', (event) => repeatOf(event, input)),
};
