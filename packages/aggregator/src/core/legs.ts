/** What the core asks of a leg. The write side of a cluster is another interface in another file: nothing here can act. */
import type { ClusterRow, InventoryRow, Observation, TelemetryRow } from '@trivet/shared/model/observation.ts';

/** Answers within its own deadline; what could not be read is an observation that is not complete, never a throw. */
export interface LegReader<Row> {
  readonly name: string;
  observe(cluster: string): Promise<Observation<Row>>;
}

export interface LegReaders {
  readonly inventory: LegReader<InventoryRow>;
  readonly telemetry: LegReader<TelemetryRow>;
  readonly cluster: LegReader<ClusterRow>;
}
