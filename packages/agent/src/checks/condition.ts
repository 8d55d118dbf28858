/**
 * Conditions that a sample shows of one GPU: each holds, does not hold, or could not be told. The first is seen, the second
 * closes what was open, the third changes nothing.
 */
import { known, valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';
import type { GpuRef } from '@trivet/shared/model/finding.ts';
import { NVIDIA_SMI } from './check.ts';
import type { Check, CheckInput } from './check.ts';

export interface Condition {
  /** A key of the fault catalogue. */
  readonly code: string;
  /** Null: could not be told. */
  readonly holds: (gpu: NvidiaGpu, input: CheckInput) => boolean | null;
  /** The reading, as evidence. Another text is news: what changes from look to look does not belong into it. */
  readonly text: (gpu: NvidiaGpu, input: CheckInput) => string;
}

export function flag(reading: Reading<boolean>): boolean | null {
  return valueOf(reading) ?? null;
}

export function isPositive(reading: Reading<number>): boolean | null {
  return known(reading) ? reading.value > 0 : null;
}

export function print(reading: Reading<boolean | number | string>): string {
  return known(reading) ? String(reading.value) : reading.unknown;
}

/** A yes-or-no element, under the tool's own name. */
export function flagCondition(code: string, element: string, read: (gpu: NvidiaGpu) => Reading<boolean>): Condition {
  return {
    code,
    holds: (gpu) => flag(read(gpu)),
    text: (gpu) => `${element}: ${flag(read(gpu)) === true ? 'Yes' : 'No'}`,
  };
}

export function refOf({ uuid, pciBusId }: GpuRef): GpuRef | null {
  return uuid === null && pciBusId === null ? null : { uuid, pciBusId };
}

function each<Result>(
  input: CheckInput,
  conditions: readonly Condition[],
  pick: (gpu: NvidiaGpu, condition: Condition) => Result | null,
): Result[] {
  const gpus = input.samples.nvidia?.gpus ?? [];
  return gpus.flatMap((gpu) => conditions.map((condition) => pick(gpu, condition)).filter((result) => result !== null));
}

export function conditionCheck(name: string, conditions: readonly Condition[]): Check {
  return {
    name,
    needs: [NVIDIA_SMI],
    run: (input) =>
      each(input, conditions, (gpu, { code, holds, text }) =>
        holds(gpu, input) === true
          ? { gpu: refOf(gpu), code, at: input.at, source: NVIDIA_SMI, text: text(gpu, input) }
          : null,
      ),
    absent: (input) =>
      each(input, conditions, (gpu, { code, holds }) =>
        holds(gpu, input) === false ? { gpu: refOf(gpu), code, at: input.sampledAt ?? input.at } : null,
      ),
  };
}
