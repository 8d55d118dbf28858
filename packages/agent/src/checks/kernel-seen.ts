/** What the checks of kernel events share: which GPU an address means, and the shape of what was seen. */
import type { GpuRef } from '@trivet/shared/model/finding.ts';
import { KERNEL_LOG } from './check.ts';
import type { CheckInput, Seen } from './check.ts';
import type { KernelEvent } from './kernel-event.ts';
import { sampledGpus } from './sampled-gpus.ts';

/** What lines have named, once for each list of events: a flood of lines asks for every one of them. */
const named = new WeakMap<readonly KernelEvent[], ReadonlyMap<string, string>>();

function uuidsNamedIn(events: readonly KernelEvent[]): ReadonlyMap<string, string> {
  const known = named.get(events);
  if (known !== undefined) return known;
  const uuids = new Map<string, string>();
  for (const event of events) {
    if (event.kind !== 'gpu-identity' || event.uuid === null || uuids.has(event.pciBusId)) continue;
    uuids.set(event.pciBusId, event.uuid);
  }
  named.set(events, uuids);
  return uuids;
}

/** A kernel line has the bus id only; the UUID is taken from the sample, or from a line that named it. */
export function gpuAt(pciBusId: string, { samples, events }: CheckInput): GpuRef {
  const sampled = sampledGpus(samples).find((gpu) => gpu.pciBusId === pciBusId)?.uuid ?? null;
  return { uuid: sampled ?? uuidsNamedIn(events).get(pciBusId) ?? null, pciBusId };
}

/** Runs over the events of one kind, oldest first. */
export function seenInEvents<Kind extends KernelEvent['kind']>(
  input: CheckInput,
  kind: Kind,
  see: (
    event: Extract<KernelEvent, { kind: Kind }>,
  ) => Pick<Seen, 'gpu' | 'device' | 'code' | 'causedBy' | 'over'> | null,
): Seen[] {
  const isOfKind = (event: KernelEvent): event is Extract<KernelEvent, { kind: Kind }> => event.kind === kind;
  return input.events.flatMap((event, index) => {
    const seen = isOfKind(event) ? see(event) : null;
    return seen === null ? [] : [{ ...seen, at: event.at, source: KERNEL_LOG, text: event.text, event: index }];
  });
}
