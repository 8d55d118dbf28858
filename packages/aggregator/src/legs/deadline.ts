/**
 * A leg that does not answer (a file on a mount that hangs, an API without a reply) is a leg that could not be read: the pass
 * goes on without it, plans nothing, and says so. Until the late answer comes it is not asked again: each hanging read of a
 * file takes one of four threads, and the fourth would stop the store and the pass folders too.
 */
import type { Leg, Observation } from '@trivet/shared/model/observation.ts';
import type { LegReader } from '../core/legs.ts';
import { failedObservation } from './rows.ts';

/** Reading and parsing 100,000 rows takes a few seconds. */
const LEG_DEADLINE_MS = 30_000;

export function withDeadline<Row>(leg: Leg, reader: LegReader<Row>, deadlineMs = LEG_DEADLINE_MS): LegReader<Row> {
  let hanging = false;
  const failed = (cluster: string, message: string): Observation<Row> =>
    failedObservation(leg, cluster, { code: `${leg}.deadline`, where: reader.name, message });

  async function observe(cluster: string): Promise<Observation<Row>> {
    if (hanging) return failed(cluster, 'an earlier read still has not ended: see that its source answers');
    hanging = true;
    const late = Promise.withResolvers<Observation<Row>>();
    const message = `did not end within ${deadlineMs / 1000} s: see that its source answers`;
    const timer = setTimeout(() => late.resolve(failed(cluster, message)), deadlineMs);
    const read = reader.observe(cluster).finally(() => {
      hanging = false;
      clearTimeout(timer);
    });
    return Promise.race([read, late.promise]);
  }

  return { name: reader.name, observe };
}
