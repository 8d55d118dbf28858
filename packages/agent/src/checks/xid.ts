/**
 * Xid lines of the kernel log, 154 apart: that one is the driver's own verdict (`recovery-action.ts`). Where the line or its
 * neighbours tell more than the number, the code says so (`xid.149.peer`); where they do not, it is the bare number.
 */
import { KERNEL_LOG } from './check.ts';
import type { Check } from './check.ts';
import type { KernelEvent, XidEvent } from './kernel-event.ts';
import { gpuAt, seenInEvents } from './kernel-seen.ts';
import { BURST_MS } from './ledger-entry.ts';
import { decodeNvlink4 } from './nvlink4.ts';
import { decodeNvlink5 } from './nvlink5.ts';

/** 171 and 172 say of a 48 of the same moment where it was. */
const QUALIFIERS = new Map([
  [171, 'dram'],
  [172, 'sram'],
]);

interface Qualifier {
  readonly atMs: number;
  readonly word: string;
}

function qualifiersIn(events: readonly KernelEvent[]): Map<string, Qualifier[]> {
  const byGpu = new Map<string, Qualifier[]>();
  for (const event of events) {
    const word = event.kind === 'xid' ? QUALIFIERS.get(event.xid) : undefined;
    if (event.kind !== 'xid' || word === undefined) continue;
    const ofGpu = byGpu.get(event.pciBusId) ?? [];
    ofGpu.push({ atMs: Date.parse(event.at), word });
    byGpu.set(event.pciBusId, ofGpu);
  }
  return byGpu;
}

/** `Contained: SM (0x1). RST: No, D-RST: No`: what the driver wants afterwards; a process may be called so, before it. */
const RESET_FLAGS = /^.*\. RST: (Yes|No), D-RST: (Yes|No)\b/s;

function containment(detail: string): string | null {
  const [, reset, drain] = RESET_FLAGS.exec(detail) ?? [];
  if (reset === 'Yes') return 'reset';
  return drain === 'Yes' ? 'drain' : null;
}

interface Known {
  readonly driverVersion: string | null;
  readonly qualifiers: ReadonlyMap<string, readonly Qualifier[]>;
}

function decode({ xid, detail, at, pciBusId }: XidEvent, { driverVersion, qualifiers }: Known): string | null {
  if (xid === 48) {
    const isNear = ({ atMs }: Qualifier): boolean => Math.abs(atMs - Date.parse(at)) <= BURST_MS;
    return qualifiers.get(pciBusId)?.find(isNear)?.word ?? null;
  }
  if (xid === 74) return decodeNvlink4(detail);
  if (xid === 94) return containment(detail);
  return xid >= 144 && xid <= 150 ? decodeNvlink5(xid, detail, driverVersion) : null;
}

function codeOf(event: XidEvent, known: Known): string {
  const decoded = decode(event, known);
  return decoded === null ? `xid.${event.xid}` : `xid.${event.xid}.${decoded}`;
}

export const xid: Check = {
  name: 'xid',
  needs: [KERNEL_LOG],
  run: (input) => {
    const known = { driverVersion: input.driverVersion, qualifiers: qualifiersIn(input.events) };
    return seenInEvents(input, 'xid', (event) => {
      if (event.xid === 154) return null;
      const seen = { gpu: gpuAt(event.pciBusId, input), code: codeOf(event, known) };
      return event.causedBy === null ? seen : { ...seen, causedBy: `xid.${event.causedBy}` };
    });
  },
};
