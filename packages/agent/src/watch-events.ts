/**
 * What a look at the node puts into the outbox. A record of the kernel is an event of its own, but for lines that a fault prints
 * by the thousand (corrected PCIe errors, machine checks): notes are told by their finding, which counts them, and what
 * repeats within a look is told once with a count. A flood of them would push what matters out of the outbox.
 */
import { catalogueEntry } from '@trivet/shared/health/catalogue/index.ts';
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { FaultEvent, KernelEvent } from './checks/kernel-event.ts';
import type { NewEvent } from './outbox/outbox.ts';

/** Oldest first. */
export function kernelEvents(events: readonly KernelEvent[], bootId: string): NewEvent[] {
  const repeats = new Map<string, number>();
  const told = events.filter((event) => {
    if (event.kind !== 'fault') return true;
    if (catalogueEntry(event.code).class === 'ignore') return false;
    const seen = (repeats.get(keyOf(event)) ?? 0) + 1;
    repeats.set(keyOf(event), seen);
    return seen === 1;
  });
  return told.map((event) => {
    const { kind, at, ...body } = event;
    const count = event.kind === 'fault' ? { count: repeats.get(keyOf(event)) ?? 1 } : {};
    return { kind: `kernel.${kind}`, at, body: { bootId, ...body, ...count } };
  });
}

function keyOf({ code, pciBusId }: FaultEvent): string {
  return `${code} ${pciBusId ?? ''}`;
}

export function findingEvent(change: 'opened' | 'closed', finding: Finding, at: string): NewEvent {
  return { kind: `finding.${change}`, at, body: { ...finding } };
}
