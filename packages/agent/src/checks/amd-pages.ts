/** Bad pages: AMD's measure for a board that has to go is how many of them its table in the EEPROM holds. */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import { amdCheck } from './amd-condition.ts';
import { flag, isPositive, print } from './condition.ts';

/** The driver warns at nine tenths (amdgpu_ras_eeprom.c, `90%`). */
const NEAR = 0.9;

function share({ badPagesRetired, badPageThreshold }: AmdGpu): number | null {
  if (!known(badPagesRetired) || !known(badPageThreshold) || badPageThreshold.value === 0) return null;
  return badPagesRetired.value / badPageThreshold.value;
}

/** The tool compares for itself since 7.0, as root only; the driver says so when the limit is reached, not when it is passed. */
function isReached(gpu: AmdGpu): boolean | null {
  const told = flag(gpu.badPageThresholdExceeded);
  const part = share(gpu);
  if (told === true || (part !== null && part >= 1)) return true;
  return told === null && part === null ? null : false;
}

function numbers({ badPagesRetired, badPageThreshold, badPageThresholdExceeded }: AmdGpu): string {
  return `bad pages: ${print(badPagesRetired)} retired of ${print(badPageThreshold)} allowed, exceeded: ${print(badPageThresholdExceeded)}`;
}

export const amdPages = amdCheck('amd-pages', [
  { code: 'amd.bad-pages-threshold', holds: isReached, text: numbers },
  {
    code: 'amd.bad-pages-near-threshold',
    holds: (gpu) => {
      const part = share(gpu);
      return part === null ? null : part >= NEAR && part < 1;
    },
    text: numbers,
  },
  {
    code: 'amd.bad-pages-pending',
    holds: ({ badPagesPending }) => isPositive(badPagesPending),
    text: ({ badPagesPending }) => `bad pages: ${print(badPagesPending)} pending`,
  },
  {
    code: 'amd.bad-pages-unreservable',
    holds: ({ badPagesUnreservable }) => isPositive(badPagesUnreservable),
    text: ({ badPagesUnreservable }) => `bad pages: ${print(badPagesUnreservable)} could not be reserved`,
  },
]);
