/** What holds a board back without being a fault of it: heat, and links that are slower or less clean than they should be. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import { amdCheck } from './amd-condition.ts';
import { growth } from './amd-growth.ts';
import { heat } from './amd-heat.ts';
import { AMD_DESKTOP } from './board.ts';
import { isPositive, print } from './condition.ts';

/** Idle boards give up speed, and some of them lanes. */
const BUSY = 0.1;

function isNarrow({ model, pcieLinkWidth, pcieLinkWidthMax, utilizationRatio }: AmdGpu): boolean | null {
  if (!known(pcieLinkWidth) || !known(pcieLinkWidthMax) || model === null || AMD_DESKTOP.test(model)) return null;
  if (pcieLinkWidth.value >= pcieLinkWidthMax.value) return false;
  return known(utilizationRatio) && utilizationRatio.value >= BUSY ? true : null;
}

/** AMD publishes no limit; gpud's for the same counter of NVIDIA boards is none either. Ours: clearly more than a link that retrains now and then. */
const REPLAY_GROWTH = 100;

export const amdLimits = amdCheck('amd-limits', [
  heat,
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
