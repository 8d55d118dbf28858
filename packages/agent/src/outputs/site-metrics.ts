/** Site checks in a scrape. Names of checks and values come from the node's own folder, in an alphabet of ours and within bounds. */
import type { Family } from '@trivet/shared/exposition/text.ts';
import type { SiteCheckResult, SiteSample } from '@trivet/shared/model/site.ts';

const STATES = ['ok', 'fault', 'unknown'] as const;

export function siteFamilies(sample: SiteSample | undefined): Family[] {
  const checks = sample?.checks ?? [];
  const each = (read: (check: SiteCheckResult) => number | null) =>
    checks.flatMap((check) => {
      const value = read(check);
      return value === null ? [] : [{ labels: { check: check.name }, value }];
    });
  const states = checks.flatMap(({ name, state }) =>
    STATES.map((label) => ({ labels: { check: name, state: label }, value: Number(state === label) })),
  );
  // What a check measured before it could no longer tell is not what is so.
  const values = checks.flatMap(({ name, values: measured }) =>
    Object.entries(measured).map(([label, value]) => ({ labels: { check: name, name: label }, value })),
  );
  return [
    {
      name: 'trivet_site_check_state',
      type: 'gauge',
      help: 'What a site check told; one state is 1.',
      samples: states,
    },
    {
      name: 'trivet_site_check_duration_seconds',
      type: 'gauge',
      help: 'Duration of the last run.',
      samples: each(({ durationMs }) => (durationMs === null ? null : durationMs / 1000)),
    },
    {
      name: 'trivet_site_check_last_success_timestamp_seconds',
      type: 'gauge',
      help: 'When it last said ok or fault, Unix time.',
      samples: each(({ toldAt }) => (toldAt === null ? null : Date.parse(toldAt) / 1000)),
    },
    { name: 'trivet_site_check_value', type: 'gauge', help: 'What a site check measured.', samples: values },
  ];
}
