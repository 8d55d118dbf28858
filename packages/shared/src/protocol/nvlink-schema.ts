/** An NVLink sample as it travels in a report (`model/nvlink.ts`). */
import { z } from 'zod';
import { NVLINK_COUNTERS } from '../model/nvlink.ts';
import { GPUS_MAX, NVLINKS_MAX } from './limits.ts';
import { count, id, text } from './primitives.ts';

const counter = z.enum(NVLINK_COUNTERS);

const nvlinkLink = z.object({
  link: count,
  active: z.boolean().nullable(),
  bytesPerSecond: z.number().min(0).nullable(),
  errors: z.partialRecord(counter, count),
});

const nvlinkGpu = z.object({
  uuid: id,
  support: z.enum(['links', 'inactive', 'none', 'mig', 'unknown']),
  text: text.nullable(),
  links: z.array(nvlinkLink).max(NVLINKS_MAX).readonly(),
  counters: z.array(counter).max(NVLINK_COUNTERS.length).readonly(),
});

export const nvlinkSample = z.object({ gpus: z.array(nvlinkGpu).max(GPUS_MAX).readonly() });
