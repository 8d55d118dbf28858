/**
 * What the kernel has said since the agent began, by device and kind, with the time of the last: a gauge of the last Xid never
 * resets, and which ones happened in between is lost. Bounded: a storm of made-up numbers ends in one series.
 */
import type { KernelEvent } from './checks/kernel-event.ts';

export interface KernelCount {
  /** Empty where the line names no device. */
  readonly pciBusId: string;
  /** Number of an Xid, or code of another fault; `other` for those that there was no room for. */
  readonly kind: string;
  readonly count: number;
  /** By the kernel's clock, as far as the line tells it. */
  readonly lastSeenMs: number;
}

/** Sixteen GPUs with as many kinds each. */
const SERIES_MAX = 256;
const OTHER = 'other';

export class KernelCounts {
  readonly #kindOf: (event: KernelEvent) => string | null;
  readonly #counts = new Map<string, KernelCount>();

  /** `kindOf`: null for what is not counted. */
  constructor(kindOf: (event: KernelEvent) => string | null) {
    this.#kindOf = kindOf;
  }

  get all(): readonly KernelCount[] {
    return [...this.#counts.values()];
  }

  /** The newest of this device; null: none since the agent began. */
  last(pciBusId: string): string | null {
    const own = this.all.filter((count) => count.pciBusId === pciBusId && count.kind !== OTHER);
    return own.toSorted((a, b) => b.lastSeenMs - a.lastSeenMs)[0]?.kind ?? null;
  }

  add(events: readonly KernelEvent[]): void {
    for (const event of events) {
      const kind = this.#kindOf(event);
      if (kind !== null) this.#add('pciBusId' in event ? (event.pciBusId ?? '') : '', kind, event.at);
    }
  }

  #add(pciBusId: string, kind: string, at: string): void {
    const key = `${pciBusId} ${kind}`;
    const before = this.#counts.get(key);
    if (before === undefined && this.#counts.size >= SERIES_MAX && kind !== OTHER) return this.#add('', OTHER, at);
    const atMs = Date.parse(at);
    const lastSeenMs = Math.max(before?.lastSeenMs ?? 0, Number.isFinite(atMs) ? atMs : 0);
    this.#counts.set(key, { pciBusId, kind, count: (before?.count ?? 0) + 1, lastSeenMs });
  }
}

export function xidOf(event: KernelEvent): string | null {
  return event.kind === 'xid' ? String(event.xid) : null;
}

/** Every other line that tells of a fault, by its code in the catalogue; of a switch by its number. */
export function faultOf(event: KernelEvent): string | null {
  if (event.kind === 'fault') return event.code;
  if (event.kind === 'gpu-lost') return 'gpu.lost';
  return event.kind === 'sxid' ? `sxid.${event.sxid}` : null;
}
