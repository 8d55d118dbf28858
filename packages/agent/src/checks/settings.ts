/** How a board is set up: not faults of it, but somebody's to put right. */
import { known } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';
import { isDesktop } from './board.ts';
import type { CheckInput } from './check.ts';
import { conditionCheck, print } from './condition.ts';
import type { Condition } from './condition.ts';
import { seriesOf } from './series.ts';
import { filled } from './window.ts';

/** Off in every look of a window: at a boot the driver is up for a while before its daemon switches it on. */
function persistenceOff(gpu: NvidiaGpu, input: CheckInput): boolean | null {
  const { persistenceMode, model } = gpu;
  if (!known(persistenceMode) || isDesktop(model) !== false) return null;
  if (persistenceMode.value) return false;
  return filled(input, seriesOf(gpu, 'persistence'))?.every(({ value }) => value === 0) === true ? true : null;
}

function waits(code: string, element: string, read: (gpu: NvidiaGpu) => readonly Reading<boolean>[]): Condition {
  return {
    code,
    holds: (gpu) => {
      const [current, pending] = read(gpu);
      if (current === undefined || pending === undefined || !known(current) || !known(pending)) return null;
      return current.value !== pending.value;
    },
    text: (gpu) => {
      const [current, pending] = read(gpu).map(print);
      return `${element}: on is ${current}, ${pending} after the next reset`;
    },
  };
}

const CORRUPT = /infoROM/i;

/** The tool warns of it by bus id behind its document; or an error stands in place of the version. */
function corrupted({ inforomImage, pciBusId }: NvidiaGpu, { samples }: CheckInput): boolean | null {
  const isNamed = pciBusId !== null && samples.nvidia?.inforomCorrupted?.includes(pciBusId) === true;
  if (isNamed || (!known(inforomImage) && CORRUPT.test(inforomImage.unknown))) return true;
  return known(inforomImage) ? false : null;
}

export const settings = conditionCheck('settings', [
  { code: 'persistence.off', holds: persistenceOff, text: () => 'persistence_mode: Disabled for 10 min' },
  waits('ecc.pending', 'ecc_mode', (gpu) => [gpu.eccModeCurrent, gpu.eccModePending]),
  waits('mig.pending', 'mig_mode', (gpu) => [gpu.migMode, gpu.migModePending]),
  {
    code: 'inforom.corrupted',
    holds: corrupted,
    text: () => 'the driver reads the InfoROM of this board as corrupt',
  },
]);
