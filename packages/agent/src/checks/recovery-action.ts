/**
 * The driver's own verdict, from the tool and from Xid 154, as one code. Words differ between branches, so in a line the
 * number counts. `recovery-action.0` is no fault: it proves that what the driver had asked for was done.
 */
import { known } from '@trivet/shared/model/gpu.ts';
import { KERNEL_LOG, NVIDIA_SMI } from './check.ts';
import type { Check, CheckInput, Seen } from './check.ts';
import { refOf } from './condition.ts';
import { gpuAt, seenInEvents } from './kernel-seen.ts';

export const RECOVERY_DONE = 'recovery-action.0';
export const RECOVERY_PREFIX = 'recovery-action.';
/** Nobody knows what it asks for: it says nothing of what was asked for before. */
export const RECOVERY_UNCLASSIFIED = 'recovery-action.unclassified';
/** NVML knows 0 to 7 today. */
const HIGHEST = 7;

const WORDS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    none: 0,
    reset: 1,
    'gpu reset': 1,
    'gpu reset required': 1,
    'pf flr': 1,
    reboot: 2,
    'node reboot': 2,
    'node reboot required': 2,
    'os reboot': 2,
    'drain p2p': 3,
    'drain and reset': 4,
    'recover imex': 5,
    'recover imex domain': 5,
    'bus reset': 6,
    'system reboot': 7,
  }),
);

const CHANGED = /^GPU recovery action changed from 0x[0-9a-f]{1,8} \([^)]{0,64}\) to 0x([0-9a-f]{1,8})\b/i;

function fromWords(words: string): string {
  const action = WORDS.get(words.trim().toLowerCase());
  return action === undefined ? RECOVERY_UNCLASSIFIED : `${RECOVERY_PREFIX}${action}`;
}

/** A 154 whose text is not known is shown as such. */
function fromLine(detail: string): string {
  const hex = CHANGED.exec(detail)?.[1];
  if (hex === undefined) return 'xid.154';
  const action = Number.parseInt(hex, 16);
  return action > HIGHEST ? RECOVERY_UNCLASSIFIED : `${RECOVERY_PREFIX}${action}`;
}

/** `N/A` is no information: nothing is seen, and nothing closes. */
function fromSample({ samples, at, sampledAt }: CheckInput): Seen[] {
  return (samples.nvidia?.gpus ?? []).flatMap((gpu) => {
    if (!known(gpu.recoveryAction)) return [];
    const words = gpu.recoveryAction.value;
    const code = fromWords(words);
    const when = code === RECOVERY_DONE ? (sampledAt ?? at) : at;
    return [{ gpu: refOf(gpu), code, at: when, source: NVIDIA_SMI, text: `gpu_recovery_action: ${words}` }];
  });
}

export const recoveryAction: Check = {
  name: 'recovery-action',
  // Either is enough.
  needs: [NVIDIA_SMI, KERNEL_LOG],
  run: (input) => [
    ...seenInEvents(input, 'xid', ({ xid, pciBusId, detail }) =>
      xid === 154 ? { gpu: gpuAt(pciBusId, input), code: fromLine(detail) } : null,
    ),
    ...fromSample(input),
  ],
};
