/**
 * Site checks: programs that a site keeps on its nodes and that say of them what Trivet does not look at itself. Each says ok, a
 * fault, or that it cannot tell; one that fails, is slow or talks nonsense could not tell either.
 */
import type { FaultClass, GpuRef } from './finding.ts';

/** Classes that a check may give its fault: what concerns a fabric or another cause is not for one program to say. */
export const SITE_CLASSES = [
  'watch',
  'config',
  'reset-at-next-window',
  'reset',
  'reboot',
  'replace',
] as const satisfies readonly FaultClass[];
export type SiteClass = (typeof SITE_CLASSES)[number];

/** What a check's last run told. */
export interface SiteCheckResult {
  readonly name: string;
  readonly state: 'ok' | 'fault' | 'unknown';
  /** The check's own words; of an unknown, why it could not tell. */
  readonly text: string;
  /** Of a fault; null else. */
  readonly class: SiteClass | null;
  /** The GPU that a fault is of; null: the node as a whole. */
  readonly gpu: GpuRef | null;
  readonly values: { readonly [name: string]: number };
  /** ISO 8601 by the node's clock; null: it was never run. */
  readonly endedAt: string | null;
  /** When it last said ok or fault. */
  readonly toldAt: string | null;
  readonly durationMs: number | null;
}

export interface SiteSample {
  /** Every check that the folder holds, by name; also those that may not be run. */
  readonly checks: readonly SiteCheckResult[];
}

/** A folder holds at most so many entries, and a check prints at most so many values. */
export const SITE_ENTRIES_MAX = 256;
export const SITE_VALUES_MAX = 16;
/** A line or two for a person. */
export const SITE_TEXT_MAX = 512;

/** The finding of a check's fault: `site.<class>.<check>`. */
export function siteCode(faultClass: SiteClass, check: string): string {
  return `site.${faultClass}.${check}`;
}

/** Null when it is no finding of a site check. */
export function parseSiteCode(code: string): { readonly class: SiteClass; readonly check: string } | null {
  const found = /^site\.([a-z-]+)\.([a-z0-9][a-z0-9-]{0,62})$/.exec(code);
  const faultClass = SITE_CLASSES.find((name) => name === found?.[1]);
  return faultClass === undefined ? null : { class: faultClass, check: found?.[2] ?? '' };
}
