/** Telemetry from a file of rows, for a pass without a server. */
import type { Observation, TelemetryRow } from '@trivet/shared/model/observation.ts';
import type { LegReader } from '../../core/legs.ts';
import { failedObservation, readDocument, rowsToObservation } from '../rows.ts';
import { telemetryRowSchema } from '../schemas.ts';

export function fileTelemetry(path: string): LegReader<TelemetryRow> {
  return { name: 'telemetry-file', observe: (cluster) => observe(path, cluster) };
}

async function observe(path: string, cluster: string): Promise<Observation<TelemetryRow>> {
  const read = await readDocument(path);
  if (!read.ok) return failedObservation('telemetry', cluster, read.error);
  const { document } = read;
  const request = {
    leg: 'telemetry',
    cluster,
    document,
    path,
    schema: telemetryRowSchema,
    allowDoubled: true,
  } as const;
  return rowsToObservation(request);
}
