/** One pass, from reading the legs to a folder on disk. */
import type { Mode } from '@trivet/shared/model/plan.ts';
import type { LegReaders } from '../core/legs.ts';
import type { Policy } from '../core/policy.ts';
import type { PassState } from '../core/state.ts';

export interface PassRequest {
  readonly cluster: string;
  readonly mode: Mode;
  readonly legs: LegReaders;
  readonly policy: Policy;
  readonly state: PassState;
  /** Root of all passes: the folder is `<dir>/<cluster>/<pass id>`. */
  readonly dir: string;
  /** Wall clock; the simulator hands in its own. */
  readonly now: () => Date;
  /** Aggregator's start, for the rule that nothing is complete within three report intervals of it; null from files. */
  readonly startedAt: Date | null;
}

export interface PassOutcome {
  readonly id: string;
  readonly folder: string;
  readonly summary: string;
  /** To be kept until the next pass. */
  readonly state: PassState;
  /** Size of each set, by `group/name`. */
  readonly setSizes: { readonly [set: string]: number };
  readonly planned: number;
  /** Count of refusals by code. */
  readonly refusals: { readonly [code: string]: number };
  readonly headroom: number;
  readonly legAgesSeconds: { readonly [leg: string]: number };
  readonly durationMs: number;
}

export async function runPass(_request: PassRequest): Promise<PassOutcome> {
  await Promise.resolve();
  throw new Error('being written');
}
