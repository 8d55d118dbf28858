/** What site checks told, as it travels in a report. */
import { z } from 'zod';
import { SITE_CLASSES, SITE_ENTRIES_MAX, SITE_TEXT_MAX, SITE_VALUES_MAX } from '../model/site.ts';
import { CHECK_NAME, CHECK_NAME_RULE } from './limits.ts';
import { name, time } from './primitives.ts';

const check = z.object({
  name: z.string().regex(CHECK_NAME, `is not the name of a check: ${CHECK_NAME_RULE}`),
  state: z.enum(['ok', 'fault', 'unknown']),
  text: z.string().max(SITE_TEXT_MAX),
  class: z.enum(SITE_CLASSES).nullable(),
  gpu: z.object({ uuid: name, pciBusId: name }).nullable(),
  values: z
    .record(z.string().max(63), z.number())
    .refine((values) => Object.keys(values).length <= SITE_VALUES_MAX, `has more than ${SITE_VALUES_MAX} values`),
  endedAt: time.nullable(),
  toldAt: time.nullable(),
  durationMs: z.number().min(0).nullable(),
});

export const siteSample = z.object({ checks: z.array(check).max(SITE_ENTRIES_MAX).readonly() });
