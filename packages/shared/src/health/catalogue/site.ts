/**
 * Findings of site checks. Their names are the site's, so there is no table: the code itself says class and check, and the entry
 * follows from it, here as in the aggregator.
 */
import { parseSiteCode } from '../../model/site.ts';
import { CLASS_ACTIONS, type CatalogueEntry } from './entry.ts';

/** Classes whose action takes work off the node. */
const DRAINS: ReadonlySet<string> = new Set(['reset', 'reboot', 'replace']);

/**
 * Null when the code is not of a site check. Always soft: a script that a site wrote, and may have got wrong, is shown, counted and
 * makes the node unhealthy when it says so, but drains nobody by itself. Rolled out to a fleet, one wrong line would drain it.
 * Never `now`: what cannot wait is not found by a program that runs every few minutes.
 */
export function siteEntry(code: string): CatalogueEntry | null {
  const parsed = parseSiteCode(code);
  if (parsed === null) return null;
  return {
    code,
    title: `Site check ${parsed.check} says fault`,
    class: parsed.class,
    action: CLASS_ACTIONS[parsed.class][0],
    urgency: DRAINS.has(parsed.class) ? 'soon' : 'watch',
    strength: 'soft',
    reason: 'A site check alone drains nobody: a mistake in one script, rolled out to a fleet, would drain it.',
    source: 'The site; docs/site-checks.md',
  };
}
