/** Inventory from a YAML or JSON file: what should exist, its lifecycle, and who may touch it. */
import type { InventoryRow, Observation } from '@trivet/shared/model/observation.ts';
import type { LegReader } from '../../core/legs.ts';
import { failedObservation, readDocument, rowsToObservation } from '../rows.ts';
import { inventoryRowSchema } from '../schemas.ts';

export function fileInventory(path: string): LegReader<InventoryRow> {
  return { name: 'inventory-file', observe: (cluster) => observe(path, cluster) };
}

async function observe(path: string, cluster: string): Promise<Observation<InventoryRow>> {
  const read = await readDocument(path);
  if (!read.ok) return failedObservation('inventory', cluster, read.error);
  const { document } = read;
  const request = {
    leg: 'inventory',
    cluster,
    document,
    path,
    schema: inventoryRowSchema,
    allowDoubled: false,
  } as const;
  return rowsToObservation(request);
}
