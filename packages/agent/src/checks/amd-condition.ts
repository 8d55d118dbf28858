/** The same as `condition.ts` for AMD boards: each condition holds, does not hold, or could not be told (null changes nothing). */
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { AMD_SMI } from './check.ts';
import type { Check, CheckInput } from './check.ts';
import { refOf } from './condition.ts';

export interface AmdCondition {
  /** A key of the fault catalogue. */
  readonly code: string;
  readonly holds: (gpu: AmdGpu, input: CheckInput) => boolean | null;
  /** The reading, as evidence. */
  readonly text: (gpu: AmdGpu, input: CheckInput) => string;
}

function each<Result>(
  input: CheckInput,
  conditions: readonly AmdCondition[],
  pick: (gpu: AmdGpu, condition: AmdCondition) => Result | null,
): Result[] {
  const gpus = input.samples.amd?.gpus ?? [];
  return gpus.flatMap((gpu) => conditions.map((condition) => pick(gpu, condition)).filter((result) => result !== null));
}

export function amdCheck(name: string, conditions: readonly AmdCondition[]): Check {
  return {
    name,
    needs: [AMD_SMI],
    run: (input) => {
      // Its signal has the name of amd-smi, whichever of the two answered.
      const told = input.samples.amd?.tool === 'rocm-smi' ? 'rocm-smi: ' : '';
      return each(input, conditions, (gpu, { code, holds, text }) =>
        holds(gpu, input) === true
          ? { gpu: refOf(gpu), code, at: input.at, source: AMD_SMI, text: `${told}${text(gpu, input)}` }
          : null,
      );
    },
    absent: (input) =>
      each(input, conditions, (gpu, { code, holds }) =>
        holds(gpu, input) === false
          ? { gpu: refOf(gpu), code, at: input.sampledAt ?? input.at, source: AMD_SMI }
          : null,
      ),
  };
}

/** True where one is, false where each is known not to be. */
export function any(answers: readonly (boolean | null)[]): boolean | null {
  if (answers.includes(true)) return true;
  return answers.length === 0 || answers.includes(null) ? null : false;
}
