/** Reset wanted, in the words of drivers before the recovery action (535 to 565). */
import { conditionCheck, flagCondition } from './condition.ts';

export const resetStatus = conditionCheck('reset-status', [
  flagCondition('reset-status.required', 'gpu_reset_status/reset_required', (gpu) => gpu.resetRequired),
  flagCondition(
    'reset-status.recommended',
    'gpu_reset_status/drain_and_reset_recommended',
    (gpu) => gpu.drainAndResetRecommended,
  ),
]);
