/**
 * Xid lines of the kernel log, 154 apart: that one is the driver's own verdict (`recovery-action.ts`). Where the line or its
 * neighbours tell more than the number, the code says so (`xid.149.peer`); where they do not, it is the bare number.
 */
import { KERNEL_LOG } from './check.ts';
import type { Check, CheckInput } from './check.ts';
import type { XidEvent } from './kernel-event.ts';
import { gpuAt, seenInEvents } from './kernel-seen.ts';
import { BURST_MS } from './ledger-entry.ts';
import { decodeNvlink4 } from './nvlink4.ts';
import { decodeNvlink5 } from './nvlink5.ts';

/** 171 and 172 say of a 48 of the same moment where it was. */
const QUALIFIERS = new Map([
  [171, 'dram'],
  [172, 'sram'],
]);

function qualifierOf(event: XidEvent, { events }: CheckInput): string | null {
  const at = Date.parse(event.at);
  for (const other of events) {
    if (other.kind !== 'xid' || other.pciBusId !== event.pciBusId) continue;
    const qualifier = QUALIFIERS.get(other.xid);
    if (qualifier !== undefined && Math.abs(Date.parse(other.at) - at) <= BURST_MS) return qualifier;
  }
  return null;
}

/** `Contained: SM (0x1). RST: No, D-RST: No`: what the driver wants afterwards. */
const RESET_FLAGS = /\. RST: (Yes|No), D-RST: (Yes|No)\b/;

function containment(detail: string): string | null {
  const [, reset, drain] = RESET_FLAGS.exec(detail) ?? [];
  if (reset === 'Yes') return 'reset';
  return drain === 'Yes' ? 'drain' : null;
}

function decode(event: XidEvent, input: CheckInput): string | null {
  const { xid, detail } = event;
  if (xid === 48) return qualifierOf(event, input);
  if (xid === 74) return decodeNvlink4(detail);
  if (xid === 94) return containment(detail);
  return xid >= 144 && xid <= 150 ? decodeNvlink5(xid, detail, input.driverVersion) : null;
}

function codeOf(event: XidEvent, input: CheckInput): string {
  const decoded = decode(event, input);
  return decoded === null ? `xid.${event.xid}` : `xid.${event.xid}.${decoded}`;
}

export const xid: Check = {
  name: 'xid',
  needs: [KERNEL_LOG],
  run: (input) =>
    seenInEvents(input, 'xid', (event) => {
      if (event.xid === 154) return null;
      const seen = { gpu: gpuAt(event.pciBusId, input), code: codeOf(event, input) };
      return event.causedBy === null ? seen : { ...seen, causedBy: `xid.${event.causedBy}` };
    }),
};
