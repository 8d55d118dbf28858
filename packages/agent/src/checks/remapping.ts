/** Row remapping (Ampere and newer): a remap that waits for a reset is safe to work on, one that failed is the end of the board. */
import { conditionCheck, flagCondition } from './condition.ts';

export const remapping = conditionCheck('remapping', [
  flagCondition('remap.pending', 'remapped_rows/remapped_row_pending', (gpu) => gpu.remapPending),
  flagCondition('remap.failure', 'remapped_rows/remapped_row_failure', (gpu) => gpu.remapFailure),
]);
