/** Writes the evidence of a pass: observations first, then what was derived from them, then what was decided. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { CATALOGUE } from '@trivet/shared/health/catalogue/index.ts';
import { LEGS } from '@trivet/shared/model/observation.ts';
import type { Decision } from '../core/plan.ts';
import type { PassInput } from '../core/facts.ts';
import { printSet } from '../core/node-set.ts';
import { printRecipes, SET_NAMES } from '../core/recipes.ts';
import { ageSeconds } from '../core/reconcile.ts';
import { printPolicy } from '../policy-file.ts';
import { writeWhole } from './folder.ts';
import { printNodes, printRefusals } from './table.ts';

export async function writeObservations(folder: string, input: PassInput): Promise<void> {
  for (const leg of LEGS) {
    const { rows, ...head } = input.observations[leg];
    await writeWhole(join(folder, 'observations', `${leg}.json`), printRows(head, rows));
  }
  await writeWhole(join(folder, 'observations', 'state.json'), printJson(input.state));
  await writeWhole(join(folder, 'observations', 'policy.yaml'), printPolicy(input.policy, input.cluster));
}

/** One row a line, so that two passes can be compared with `diff`. */
function printRows(head: object, rows: readonly unknown[]): string {
  const lines = rows.map((row) => JSON.stringify(row)).join(',\n');
  return `${JSON.stringify(head).slice(0, -1)},"rows":[\n${lines}\n]}\n`;
}

export async function writeDecision(folder: string, decision: Decision): Promise<void> {
  await writeWhole(join(folder, 'nodes.tsv'), printNodes(decision.facts));
  for (const name of SET_NAMES) {
    const set = decision.sets.get(name);
    if (set === undefined) throw new Error(`the set ${name} was not made`);
    await writeWhole(join(folder, 'sets', name), printSet(set));
  }
  await writeWhole(join(folder, 'recipes.txt'), printRecipes());
  await writeWhole(join(folder, 'plan.json'), printJson(decision.plan));
  await writeWhole(join(folder, 'refusals.tsv'), printRefusals(decision.refusals));
}

export interface PassHeadInput {
  readonly input: PassInput;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly decision: Decision | null;
  /** `running`, `planned`, `nothing-to-do`, `withheld`, `stopped-by-safety`. */
  readonly outcome: string;
  readonly broken: readonly { readonly invariant: string; readonly node: string | null; readonly text: string }[];
}

export function passFile({ input, startedAt, finishedAt, decision, outcome, broken }: PassHeadInput): object {
  return {
    schema: 'trivet.pass/v1',
    id: input.pass,
    cluster: input.cluster,
    decidedAt: input.now,
    startedAt,
    finishedAt,
    mode: 'observe',
    seed: decision?.plan.seed ?? null,
    outcome,
    versions: { trivet: manifest.version, node: process.version, state: input.state.version },
    digests: { policy: digest(input.policy), catalogue: digest(CATALOGUE) },
    ownHosts: input.ownHosts,
    freshness: Object.fromEntries(
      LEGS.map((leg) => {
        const { observedAt, complete, rows, errors } = input.observations[leg];
        const age = ageSeconds(observedAt, Date.parse(input.now));
        return [leg, { observedAt, ageSeconds: age, complete, rows: rows.length, errors: errors.length }];
      }),
    ),
    counts: {
      planned: decision?.plan.steps.length ?? 0,
      suspects: decision?.sets.get('derived/suspect')?.length ?? 0,
      refused: decision?.sets.get('derived/refused')?.length ?? 0,
    },
    budget: decision?.budget ?? null,
    brokenInvariants: broken,
  };
}

export async function writePassFile(folder: string, head: PassHeadInput): Promise<void> {
  await writeWhole(join(folder, 'pass.json'), printJson(passFile(head)));
}

export function printJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function digest(value: unknown): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(value)).digest('hex')}`;
}
