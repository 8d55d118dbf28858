/** What holds a board back without being a fault of it: heat, and links that are slower or less clean than they should be. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import { amdCheck, any } from './amd-condition.ts';
import { growth } from './amd-growth.ts';
import { flag, isPositive, print } from './condition.ts';

/** At its power limit (`ppt`) every busy board is: that one is no sign of anything. */
function throttledForHeat({ throttles }: AmdGpu): boolean | null {
  return any(throttles.filter(({ cause }) => cause !== 'ppt').map(({ active }) => flag(active)));
}

interface Heat {
  readonly name: string;
  readonly celsius: Reading<number>;
  readonly slowdown: Reading<number>;
}

function heatOf(gpu: AmdGpu): readonly Heat[] {
  return [
    { name: 'edge', celsius: gpu.edgeCelsius, slowdown: gpu.edgeSlowdownCelsius },
    { name: 'hotspot', celsius: gpu.hotspotCelsius, slowdown: gpu.hotspotSlowdownCelsius },
    { name: 'memory', celsius: gpu.memoryCelsius, slowdown: gpu.memorySlowdownCelsius },
  ];
}

function isTooHot({ celsius, slowdown }: Heat): boolean | null {
  return known(celsius) && known(slowdown) && slowdown.value > 0 ? celsius.value >= slowdown.value : null;
}

function hot(gpu: AmdGpu): boolean | null {
  const told = [throttledForHeat(gpu), ...heatOf(gpu).map(isTooHot)].filter((answer) => answer !== null);
  return any(told);
}

function heatText(gpu: AmdGpu): string {
  const causes = gpu.throttles.filter(({ cause, active }) => cause !== 'ppt' && flag(active) === true);
  const sensors = heatOf(gpu).filter((heat) => isTooHot(heat) === true);
  return [
    ...causes.map(({ cause }) => `throttle ${cause}: active`),
    ...sensors.map(({ name, celsius, slowdown }) => `${name}: ${print(celsius)} C, slows down at ${print(slowdown)} C`),
  ].join('; ');
}

/** Idle boards give up speed, and some of them lanes. */
const BUSY = 0.1;
/** These sit in whatever slot the machine has, half of them in one of eight lanes. */
const DESKTOP = /\b(RX|PRO|VII|Navi)\b/i;

function isNarrow({ model, pcieLinkWidth, pcieLinkWidthMax, utilizationRatio }: AmdGpu): boolean | null {
  if (!known(pcieLinkWidth) || !known(pcieLinkWidthMax) || model === null || DESKTOP.test(model)) return null;
  if (pcieLinkWidth.value >= pcieLinkWidthMax.value) return false;
  return known(utilizationRatio) && utilizationRatio.value >= BUSY ? true : null;
}

/** AMD publishes no limit; gpud's for the same counter of NVIDIA boards is none either. Ours: clearly more than a link that retrains now and then. */
const REPLAY_GROWTH = 100;

export const amdLimits = amdCheck('amd-limits', [
  { code: 'amd.throttle-thermal', holds: hot, text: heatText },
  {
    code: 'amd.pcie-width',
    holds: isNarrow,
    text: (gpu) => `PCIe lanes: ${print(gpu.pcieLinkWidth)} of ${print(gpu.pcieLinkWidthMax)} while it works`,
  },
  growth({
    code: 'amd.pcie-replay',
    reading: 'amd-pcie-replay',
    read: (gpu) => gpu.pcieReplayTotal,
    limit: REPLAY_GROWTH,
    words: 'PCIe replays',
  }),
  {
    // Reading the status clears it (amdgpu_xgmi.c): each look tells of the time since the one before.
    code: 'amd.xgmi-error',
    holds: ({ xgmiErrors }) => isPositive(xgmiErrors),
    text: ({ xgmiErrors }) => `XGMI errors since the last look: ${print(xgmiErrors) === '1' ? 'one' : 'several'}`,
  },
  {
    code: 'amd.xgmi-link-down',
    holds: ({ xgmiLinksDown }) => isPositive(xgmiLinksDown),
    text: ({ xgmiLinksDown, xgmiLinksUp }) => `XGMI links: ${print(xgmiLinksDown)} down, ${print(xgmiLinksUp)} up`,
  },
]);
