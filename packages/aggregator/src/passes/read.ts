/** Reads pass folders back: for the API and for `--pass DIR`, so that both say the same. */
import type { Plan, Refusal } from '@trivet/shared/model/plan.ts';

export interface PassHead {
  readonly id: string;
  readonly cluster: string;
  readonly mode: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly outcome: string;
  readonly planned: number;
  readonly suspects: number;
  readonly refused: number;
}

/** `pass.json`, as written. */
export interface PassDetail {
  readonly head: PassHead;
  readonly pass: { readonly [field: string]: unknown };
  readonly plan: Plan;
  readonly refusals: readonly Refusal[];
  readonly summary: string;
  /** `group/name` → size. */
  readonly sets: { readonly [set: string]: number };
}

export interface Explanation {
  readonly node: string;
  readonly pass: string;
  /** What was decided, in one sentence. */
  readonly answer: string;
  /** Row of nodes.tsv by column. */
  readonly facts: { readonly [column: string]: string };
  readonly sets: readonly string[];
  readonly step: Plan['steps'][number] | null;
  readonly refusals: readonly Refusal[];
  readonly legs: readonly { readonly leg: string; readonly ageSeconds: number | null; readonly row: unknown }[];
}

/** Newest first. */
export async function listPasses(_dir: string, _cluster: string): Promise<PassHead[]> {
  throw await Promise.resolve(new Error('being written'));
}

/** `id` may be `latest` or `previous`. Null when there is no such pass. */
export async function readPass(_dir: string, _cluster: string, _id: string): Promise<PassDetail | null> {
  throw await Promise.resolve(new Error('being written'));
}

/** Null when the pass or the set does not exist. `set` is `group/name`. */
export async function readSet(_dir: string, _cluster: string, _id: string, _set: string): Promise<string[] | null> {
  throw await Promise.resolve(new Error('being written'));
}

/** Null when the pass does not know the node. */
export async function explainNode(_folder: string, _node: string): Promise<Explanation | null> {
  throw await Promise.resolve(new Error('being written'));
}
