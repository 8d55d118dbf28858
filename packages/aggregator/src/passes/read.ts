/** Reads pass folders back: for the API and for `--pass DIR`, so that both say the same. */
import { readFile, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Plan, Refusal } from '@trivet/shared/model/plan.ts';
import { REFUSAL_CODES } from '@trivet/shared/model/plan.ts';
import { SET_NAMES } from '../core/recipes.ts';
import { CLUSTER_NAME, PASS_ID } from './folder.ts';
import { planSchema } from './schemas.ts';
import { parseTable } from './table.ts';

export interface PassHead {
  readonly id: string;
  readonly cluster: string;
  readonly mode: string;
  readonly startedAt: string;
  /** Null while it runs, or when it was cut short. */
  readonly finishedAt: string | null;
  readonly outcome: string;
  readonly planned: number;
  readonly suspects: number;
  readonly refused: number;
}

export interface PassDetail {
  readonly head: PassHead;
  /** `pass.json`, as written. */
  readonly pass: { readonly [field: string]: unknown };
  readonly plan: Plan;
  readonly refusals: readonly Refusal[];
  readonly summary: string;
  /** `group/name` → size. */
  readonly sets: { readonly [set: string]: number };
}

const passSchema = z.looseObject({
  schema: z.literal('trivet.pass/v1'),
  id: z.string(),
  cluster: z.string(),
  mode: z.string(),
  decidedAt: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  outcome: z.string(),
  counts: z.object({ planned: z.number(), suspects: z.number(), refused: z.number() }),
});

/** Newest first. Folders that hold no readable pass.json are left out. */
export async function listPasses(dir: string, cluster: string): Promise<PassHead[]> {
  if (!CLUSTER_NAME.test(cluster)) return [];
  const names = await readdir(join(dir, cluster)).catch(absent);
  const ids = (names ?? [])
    .filter((name) => PASS_ID.test(name))
    .sort()
    .reverse();
  const heads = await Promise.all(ids.map((id) => readHead(join(dir, cluster, id))));
  return heads.filter((head) => head !== null);
}

/** `id` may be `latest` or `previous`. Null when there is no such pass. */
export async function readPass(dir: string, cluster: string, id: string): Promise<PassDetail | null> {
  const folder = await passFolder(dir, cluster, id);
  return folder === null ? null : await readFolder(folder);
}

/** The folder of a pass; null when there is none, or the names are not names. */
export async function passFolder(dir: string, cluster: string, id: string): Promise<string | null> {
  if (!CLUSTER_NAME.test(cluster)) return null;
  if (!PASS_ID.test(id) && id !== 'latest' && id !== 'previous') return null;
  const path = await realpath(join(dir, cluster, id)).catch(absent);
  return path ?? null;
}

/** Null when the folder holds no finished pass. */
export async function readFolder(folder: string): Promise<PassDetail | null> {
  const pass = await readPassFile(folder);
  const plan = await readText(join(folder, 'plan.json'));
  const refusals = await readText(join(folder, 'refusals.tsv'));
  const summary = await readText(join(folder, 'summary.txt'));
  if (pass === null || pass.finishedAt === null) return null;
  if (plan === null || refusals === null || summary === null) return null;
  return {
    head: headOf(pass),
    pass,
    plan: planSchema.parse(JSON.parse(plan)),
    refusals: parseTable(refusals).map(refusalOf),
    summary,
    sets: await readSetSizes(folder),
  };
}

/** Null when the pass or the set does not exist. `set` is `group/name`. */
export async function readSet(dir: string, cluster: string, id: string, set: string): Promise<string[] | null> {
  const folder = await passFolder(dir, cluster, id);
  return folder === null ? null : await readSetOf(folder, set);
}

export async function readSetOf(folder: string, set: string): Promise<string[] | null> {
  if (!SET_NAMES.includes(set)) return null;
  const text = await readText(join(folder, 'sets', set));
  return text === null ? null : linesOf(text);
}

export async function readSetSizes(folder: string): Promise<{ [set: string]: number }> {
  const sizes = await Promise.all(
    SET_NAMES.map(async (name) => [name, (await readSetOf(folder, name))?.length] as const),
  );
  return Object.fromEntries(sizes.filter((entry): entry is readonly [string, number] => entry[1] !== undefined));
}

async function readPassFile(folder: string): Promise<z.infer<typeof passSchema> | null> {
  const text = await readText(join(folder, 'pass.json'));
  return text === null ? null : parsePass(text);
}

function parsePass(text: string): z.infer<typeof passSchema> | null {
  try {
    return passSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function readHead(folder: string): Promise<PassHead | null> {
  const pass = await readPassFile(folder);
  return pass === null ? null : headOf(pass);
}

function headOf({ id, cluster, mode, startedAt, finishedAt, outcome, counts }: z.infer<typeof passSchema>): PassHead {
  return { id, cluster, mode, startedAt, finishedAt, outcome, ...counts };
}

function refusalOf(row: { readonly [column: string]: string }): Refusal {
  const number = (text: string | undefined) => (text === undefined ? null : Number(text));
  const { node = '', code = '', users = '', text = '' } = row;
  return {
    node,
    code: REFUSAL_CODES.find((known) => known === code) ?? 'stopped',
    limit: number(row['limit']),
    current: number(row['current']),
    needed: number(row['needed']),
    users: users === '' ? [] : users.split(','),
    text,
  };
}

export async function readText(path: string): Promise<string | null> {
  return (await readFile(path, 'utf8').catch(absent)) ?? null;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** Not there is an answer; anything else (no right to read, a broken disk) is not. */
function absent(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}

/** `<dir>`, cluster and id of a pass folder given by path. */
export function placeOf(folder: string): { dir: string; cluster: string; id: string } {
  return { dir: dirname(dirname(folder)), cluster: basename(dirname(folder)), id: basename(folder) };
}
