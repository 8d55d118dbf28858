/** Xid lines of the kernel log, 154 apart: that one is the driver's own verdict (`recovery-action.ts`). */
import { KERNEL_LOG } from './check.ts';
import type { Check } from './check.ts';
import { gpuAt, seenInEvents } from './kernel-seen.ts';

export const xid: Check = {
  name: 'xid',
  needs: [KERNEL_LOG],
  run: (input) =>
    seenInEvents(input, 'xid', ({ xid: number, pciBusId, causedBy }) => {
      if (number === 154) return null;
      const seen = { gpu: gpuAt(pciBusId, input), code: `xid.${number}` };
      return causedBy === null ? seen : { ...seen, causedBy: `xid.${causedBy}` };
    }),
};
