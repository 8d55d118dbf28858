/** Which kernel events are counted in bursts over a day, and under which key (`history.ts` keeps them). */
import type { KernelEvent } from './kernel-event.ts';

export interface Burst {
  readonly key: string;
  /** Lines this close to the burst's begin belong to it. */
  readonly withinMs: number;
}

/** NVSentinel: 15 s for 13, 3 min for 31. */
const EXCEPTION_MS = 15_000;
const MMU_FAULT_MS = 180_000;
/** Keys of MMU faults begin with it, one a GPU. */
export const MMU_FAULT_BURSTS = 'xid.31/';

const PLACE = /\(GPC (\d{1,3}), TPC (\d{1,3})\b/;

/** Null: not counted. An exception that names no place proves nothing by repeating. */
export function burstKeyOf(event: KernelEvent): string | null {
  if (event.kind !== 'xid') return null;
  if (event.xid === 31) return `${MMU_FAULT_BURSTS}${event.pciBusId}`;
  const place = event.xid === 13 ? PLACE.exec(event.detail) : null;
  return place === null ? null : `xid.13/${event.pciBusId}/${place[1]}/${place[2]}`;
}

export function burstOf(event: KernelEvent): Burst | null {
  const key = burstKeyOf(event);
  if (key === null) return null;
  return { key, withinMs: key.startsWith(MMU_FAULT_BURSTS) ? MMU_FAULT_MS : EXCEPTION_MS };
}
