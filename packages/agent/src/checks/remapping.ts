/**
 * Row remapping (Ampere and newer): a remap that waits for a reset is safe to work on, one that failed is the end of the board.
 * Before that, banks run out of spare rows one by one.
 */
import { known, valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import type { RemapBanks } from '@trivet/shared/model/nvidia.ts';
import type { CheckInput } from './check.ts';
import { conditionCheck, flagCondition } from './condition.ts';
import { baselineOf } from './history.ts';
import { seriesOf } from './series.ts';

/** As many banks that have used spares since this node was first seen are no single weak row: ours. */
const DRIFT_BANKS = 8;

function counts({ max, high, partial, low, none }: RemapBanks) {
  const read = [max, high, partial, low, none].filter(known).map(({ value }) => value);
  const [full = 0, most = 0, some = 0, few = 0, empty = 0] = read;
  return read.length === 5 ? { full, most, some, few, empty } : null;
}

/** Some bank has used some of its spare rows; that is what they are there for. */
function sparesUsed({ remapBanks }: NvidiaGpu): boolean | null {
  const banks = counts(remapBanks);
  return banks === null ? null : banks.most + banks.some + banks.few + banks.empty > 0;
}

function sparesLow(gpu: NvidiaGpu, input: CheckInput): boolean | null {
  const banks = counts(gpu.remapBanks);
  if (banks === null) return null;
  return banks.few + banks.empty > 0 || firstSeen(gpu, input, banks.full) - banks.full >= DRIFT_BANKS;
}

function firstSeen(gpu: NvidiaGpu, { history }: CheckInput, now: number): number {
  return Math.max(baselineOf(history, seriesOf(gpu, 'full-banks')) ?? now, now);
}

function text(gpu: NvidiaGpu, input: CheckInput): string {
  const { max, high, partial, low, none } = gpu.remapBanks;
  const names = Object.entries({ max, high, partial, low, none });
  const histogram = names.map(([name, reading]) => `${name} ${valueOf(reading) ?? '?'}`).join(', ');
  return `row_remapper_histogram: ${histogram} banks; max was ${firstSeen(gpu, input, valueOf(max) ?? 0)} when it was at its best here`;
}

export const remapping = conditionCheck('remapping', [
  flagCondition('remap.pending', 'remapped_rows/remapped_row_pending', (gpu) => gpu.remapPending),
  flagCondition('remap.failure', 'remapped_rows/remapped_row_failure', (gpu) => gpu.remapFailure),
  {
    code: 'remap.spares-used',
    // Said once: as a warning where it is one.
    holds: (gpu, input) => (sparesLow(gpu, input) === true ? false : sparesUsed(gpu)),
    text,
  },
  { code: 'remap.spares-low', holds: sparesLow, text },
]);
