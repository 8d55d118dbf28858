/** RDMA ports as they travel in a report (`model/infiniband.ts`). */
import { z } from 'zod';
import { RDMA_PORTS_MAX } from './limits.ts';
import { count, id, name } from './primitives.ts';

const port = z.object({
  device: id,
  port: count,
  linkLayer: name,
  state: name,
  physicalState: name,
  bitsPerSecond: z.number().min(0).nullable(),
  linkDowned: count.nullable(),
  linkErrorRecovery: count.nullable(),
  symbolErrors: count.nullable(),
});

export const infinibandSample = z.object({ ports: z.array(port).max(RDMA_PORTS_MAX).readonly() });
