/** The world's inventory and cluster as the aggregator reads them: whole, fresh, and without the network. */
import type { LegReader } from '@trivet/aggregator/core/legs.ts';
import type { ClusterRow, InventoryRow, Leg, Observation } from '@trivet/shared/model/observation.ts';
import type { Frame } from './world.ts';

export interface WorldLegs {
  readonly inventory: LegReader<InventoryRow>;
  readonly cluster: LegReader<ClusterRow>;
}

/** `frame` gives the frame of the pass that is being made. */
export function worldLegs(frame: () => Frame): WorldLegs {
  return {
    inventory: { name: 'world', observe: (cluster) => whole('inventory', cluster, frame().at, frame().inventory) },
    cluster: { name: 'world', observe: (cluster) => whole('cluster', cluster, frame().at, frame().cluster) },
  };
}

function whole<Row>(leg: Leg, cluster: string, at: Date, rows: readonly Row[]): Promise<Observation<Row>> {
  return Promise.resolve({ leg, cluster, observedAt: at.toISOString(), complete: true, errors: [], rows });
}
