/**
 * Xids by GPU and number since the agent began, with the time of the last: a gauge of the last Xid never resets, and which ones
 * happened in between is lost. Bounded: a storm of made-up numbers ends in one series.
 */
import type { KernelEvent } from './checks/kernel-event.ts';

export interface XidCount {
  readonly pciBusId: string;
  /** The number; `other` for those that there was no room for. */
  readonly xid: string;
  readonly count: number;
  /** By the kernel's clock, as far as the line tells it. */
  readonly lastSeenMs: number;
}

/** Sixteen GPUs with as many kinds each. */
const SERIES_MAX = 256;

export class XidCounts {
  readonly #counts = new Map<string, XidCount>();

  get all(): readonly XidCount[] {
    return [...this.#counts.values()];
  }

  /** The number of the newest Xid of this GPU; null: none since the agent began. */
  last(pciBusId: string): number | null {
    const ofGpu = this.all.filter((count) => count.pciBusId === pciBusId && count.xid !== OTHER);
    const newest = ofGpu.toSorted((a, b) => b.lastSeenMs - a.lastSeenMs)[0];
    return newest === undefined ? null : Number(newest.xid);
  }

  add(events: readonly KernelEvent[]): void {
    for (const event of events) if (event.kind === 'xid') this.#add(event.pciBusId, String(event.xid), event.at);
  }

  #add(pciBusId: string, xid: string, at: string): void {
    const key = `${pciBusId} ${xid}`;
    const before = this.#counts.get(key);
    if (before === undefined && this.#counts.size >= SERIES_MAX && xid !== OTHER) return this.#addOther(at);
    const atMs = Date.parse(at);
    const lastSeenMs = Math.max(before?.lastSeenMs ?? 0, Number.isFinite(atMs) ? atMs : 0);
    this.#counts.set(key, { pciBusId, xid, count: (before?.count ?? 0) + 1, lastSeenMs });
  }

  #addOther(at: string): void {
    this.#add('', OTHER, at);
  }
}

const OTHER = 'other';
