/** The NVLink fabric as the tool prints it: joined or not, with success or not, and its health where the driver sums it up. */
import { known } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { conditionCheck, print } from './condition.ts';

/** Where there is no fabric the tool prints `N/A`, which is no reading. */
function notReady({ fabricState }: NvidiaGpu): boolean | null {
  return known(fabricState) ? fabricState.value.toLowerCase() !== 'completed' : null;
}

/** What is wrong by the details, where the driver tells them; null: nothing is told. */
function details({ fabricHealthDetails }: NvidiaGpu): string[] | null {
  const { bandwidth, routeUnhealthy, accessTimeoutRecovery, incorrectConfiguration } = fabricHealthDetails;
  const wrong = [
    known(bandwidth) && bandwidth.value.toLowerCase() !== 'full' ? `bandwidth ${bandwidth.value}` : null,
    known(routeUnhealthy) && routeUnhealthy.value ? 'route unhealthy' : null,
    known(accessTimeoutRecovery) && accessTimeoutRecovery.value ? 'access timeout' : null,
    known(incorrectConfiguration) && incorrectConfiguration.value.toLowerCase() !== 'none'
      ? `configuration ${incorrectConfiguration.value}`
      : null,
  ].filter((text) => text !== null);
  const told = [known(bandwidth), known(routeUnhealthy), known(accessTimeoutRecovery), known(incorrectConfiguration)];
  return told.includes(true) ? wrong : null;
}

/** Another status than `Success` has failed; only while it is not completed the status says nothing yet. */
function unhealthy(gpu: NvidiaGpu): boolean | null {
  const { fabricStatus, fabricHealth } = gpu;
  if (known(fabricHealth) && fabricHealth.value.toLowerCase() !== 'healthy') return true;
  if ((details(gpu) ?? []).length > 0) return true;
  if (notReady(gpu) === true || !known(fabricStatus)) return null;
  return fabricStatus.value.toLowerCase() !== 'success';
}

export const fabric = conditionCheck('fabric', [
  { code: 'fabric.not-ready', holds: notReady, text: ({ fabricState }) => `fabric/state: ${print(fabricState)}` },
  {
    code: 'fabric.unhealthy',
    holds: unhealthy,
    text: (gpu) =>
      [
        `fabric: state ${print(gpu.fabricState)}`,
        `status ${print(gpu.fabricStatus)}`,
        `health ${print(gpu.fabricHealth)}`,
        ...(details(gpu) ?? []),
      ].join(', '),
  },
]);
