/** Which kernel events are counted in bursts over a day, and under which key (`history.ts` keeps them). */
import type { KernelEvent } from './kernel-event.ts';

export interface Burst {
  readonly key: string;
  /** A line that comes this soon after the last one of a burst belongs to it. */
  readonly withinMs: number;
  /** Keys that begin alike are counted up to so many; what more would say is said then. */
  readonly group: string;
  readonly groupMax: number;
}

/** NVSentinel: 15 s for 13, 3 min for 31. */
const EXCEPTION_MS = 15_000;
const MMU_FAULT_MS = 180_000;
/** Keys of MMU faults begin with it, one a GPU: a node has at most 16, and more than one is the application. */
export const MMU_FAULT_BURSTS = 'xid.31/';
const GPUS_MAX = 16;
/**
 * An application's bad access meets many parts of a GPU at once (8 in the captured storm), a broken part only itself and
 * what it disturbs.
 */
export const PLACES_MAX = 4;

/** Keys of one GPU's exceptions begin with it. */
export function exceptionBursts(pciBusId: string): string {
  return `xid.13/${pciBusId}/`;
}

/** The last one: before it stands the name of a process, which may look like one. */
const PLACE = /^.*\(GPC (\d{1,3}), TPC (\d{1,3})\b/s;

/** Null: not counted. An exception that names no place proves nothing by repeating. */
export function burstOf(event: KernelEvent): Burst | null {
  if (event.kind !== 'xid') return null;
  if (event.xid === 31) {
    const key = `${MMU_FAULT_BURSTS}${event.pciBusId}`;
    return { key, withinMs: MMU_FAULT_MS, group: MMU_FAULT_BURSTS, groupMax: GPUS_MAX };
  }
  const place = event.xid === 13 ? PLACE.exec(event.detail) : null;
  if (place === null) return null;
  const group = exceptionBursts(event.pciBusId);
  return { key: `${group}${place[1]}/${place[2]}`, withinMs: EXCEPTION_MS, group, groupMax: PLACES_MAX + 1 };
}
