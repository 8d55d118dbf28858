/**
 * What site checks say. A fault is a finding of the node, or of the GPU that the check names; another answer of the same check ends it,
 * and so does taking the check away. A check that cannot tell changes nothing.
 */
import { parseSiteCode, siteCode } from '@trivet/shared/model/site.ts';
import type { SiteCheckResult } from '@trivet/shared/model/site.ts';
import { SITE_CHECKS } from './check.ts';
import type { Absent, Check, CheckInput, Seen } from './check.ts';

function seenOf({ name, state, text, class: faultClass, gpu, endedAt }: SiteCheckResult, at: string): Seen[] {
  if (state !== 'fault' || faultClass === null) return [];
  // When it was told, not when it is repeated: a look comes every few seconds, a check every few minutes.
  return [{ gpu, code: siteCode(faultClass, name), at: endedAt ?? at, source: SITE_CHECKS, text: `${name}: ${text}` }];
}

/** Of a check, only its newest answer is true: another class or another GPU replaces what it said before. */
function isOver(input: CheckInput, { code, gpu }: CheckInput['open'][number]): boolean {
  const { site } = input.samples;
  const parsed = parseSiteCode(code);
  if (parsed === null || site === undefined) return false;
  const result = site.checks.find(({ name }) => name === parsed.check);
  if (result === undefined) return true;
  if (result.state === 'unknown') return false;
  return result.state === 'ok' || result.class !== parsed.class || !isSame(result.gpu, gpu);
}

/** A finding may have learned the other half of its GPU's name since. */
function isSame(said: SiteCheckResult['gpu'], open: SiteCheckResult['gpu']): boolean {
  if (said === null || open === null) return said === open;
  return (said.uuid !== null && said.uuid === open.uuid) || (said.pciBusId !== null && said.pciBusId === open.pciBusId);
}

export const site: Check = {
  name: 'site',
  needs: [SITE_CHECKS],
  run: ({ samples, at }) => (samples.site?.checks ?? []).flatMap((result) => seenOf(result, at)),
  absent: (input) =>
    input.open
      .filter((finding) => isOver(input, finding))
      // What is open was known before this look, and what a check says now is newer than anything it said before.
      .map(({ code, gpu }): Absent => ({ code, gpu, at: input.at, source: SITE_CHECKS })),
};
