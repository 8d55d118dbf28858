/**
 * NVSwitch lines of the kernel log. A switch belongs to the node, not to one GPU. One event prints up to three lines: the one
 * that says fatal or not, a Severity and a Data line; the latter two are taken only where the first is missing.
 */
import { catalogueEntry, isCatalogued } from '@trivet/shared/health/catalogue/index.ts';
import { KERNEL_LOG } from './check.ts';
import type { Check } from './check.ts';
import type { SxidEvent } from './kernel-event.ts';
import { seenInEvents } from './kernel-seen.ts';

/** The table says what a number means; the line's own word counts where the table knows nothing or says harmless. */
function codeOf({ sxid, fatal }: SxidEvent): string {
  const code = `sxid.${sxid}`;
  const isHarmless = !isCatalogued(code) || ['ignore', 'watch'].includes(catalogueEntry(code).class);
  return fatal === true && isHarmless ? `${code}.fatal` : code;
}

export const sxid: Check = {
  name: 'sxid',
  needs: [KERNEL_LOG],
  run: (input) => {
    const key = ({ switchName, sxid: number }: SxidEvent) => `${switchName} ${number}`;
    const judged = new Set(
      input.events.flatMap((event) => (event.kind === 'sxid' && event.fatal !== null ? [key(event)] : [])),
    );
    return seenInEvents(input, 'sxid', (event) =>
      event.fatal === null && judged.has(key(event)) ? null : { gpu: null, code: codeOf(event) },
    );
  },
};
