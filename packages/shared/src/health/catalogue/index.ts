/** The fault catalogue: one table that says, for every code, how it is treated and why. Plain data, so that it has a digest. */
import { AMD_KERNEL } from './amd-kernel.ts';
import { AMD } from './amd.ts';
import { CONDITIONS } from './conditions.ts';
import type { CatalogueEntry } from './entry.ts';
import { HOST } from './host.ts';
import { HOST_STATE } from './host-state.ts';
import { INFINIBAND } from './infiniband.ts';
import { LINKS } from './link.ts';
import { NVLINK5 } from './nvlink5.ts';
import { PCIE } from './pcie.ts';
import { SETTINGS } from './settings.ts';
import { SLOWDOWN } from './slowdown.ts';
import { siteEntry } from './site.ts';
import { SXIDS, fatalSxid } from './sxid.ts';
import { XIDS_DECODED } from './xid-decoded.ts';
import { XIDS } from './xid.ts';

export type { CatalogueEntry };
export const CATALOGUE: readonly CatalogueEntry[] = [
  ...XIDS,
  ...XIDS_DECODED,
  ...NVLINK5,
  ...SXIDS,
  ...PCIE,
  ...AMD_KERNEL,
  ...HOST,
  ...CONDITIONS,
  ...SLOWDOWN,
  ...HOST_STATE,
  ...INFINIBAND,
  ...LINKS,
  ...SETTINGS,
  ...AMD,
];

const byCode: ReadonlyMap<string, CatalogueEntry> = new Map(CATALOGUE.map((entry) => [entry.code, entry]));

export function isCatalogued(code: string): boolean {
  return byCode.has(code);
}

/** Never undefined: a code that is not known is `unclassified`, which is shown and counted and never drains. */
export function catalogueEntry(code: string): CatalogueEntry {
  const entry = byCode.get(code);
  if (entry !== undefined) return entry;
  const ofSite = siteEntry(code);
  if (ofSite !== null) return ofSite;
  if (/^sxid\.\d+\.fatal$/.test(code)) return fatalSxid(code);
  return {
    code,
    title: 'Not in the catalogue',
    class: 'unclassified',
    action: 'none',
    urgency: 'watch',
    strength: 'soft',
    reason: 'What is not known is never drained for.',
    source: 'Trivet',
  };
}
