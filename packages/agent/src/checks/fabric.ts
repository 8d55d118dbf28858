/** The NVLink fabric as the tool prints it: joined or not, with success or not, and its health where the driver sums it up. */
import { known } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { conditionCheck, print } from './condition.ts';

/** Where there is no fabric the tool prints `N/A`, which is no reading. */
function notReady({ fabricState }: NvidiaGpu): boolean | null {
  return known(fabricState) ? fabricState.value.toLowerCase() !== 'completed' : null;
}

/** `Completed` with another status than `Success` has failed; while it is not completed, the status says nothing yet. */
function unhealthy(gpu: NvidiaGpu): boolean | null {
  const { fabricStatus, fabricHealth } = gpu;
  if (known(fabricHealth) && fabricHealth.value.toLowerCase() !== 'healthy') return true;
  if (notReady(gpu) !== false || !known(fabricStatus)) return null;
  return fabricStatus.value.toLowerCase() !== 'success';
}

export const fabric = conditionCheck('fabric', [
  { code: 'fabric.not-ready', holds: notReady, text: ({ fabricState }) => `fabric/state: ${print(fabricState)}` },
  {
    code: 'fabric.unhealthy',
    holds: unhealthy,
    text: ({ fabricState, fabricStatus, fabricHealth }) =>
      `fabric: state ${print(fabricState)}, status ${print(fabricStatus)}, health ${print(fabricHealth)}`,
  },
]);
