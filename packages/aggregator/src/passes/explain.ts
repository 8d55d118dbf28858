/** "Why (not) this node?": its facts, every set it is in, every refusal with its numbers, and the three legs with ages. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Plan, Refusal } from '@trivet/shared/model/plan.ts';
import { LEGS } from '@trivet/shared/model/observation.ts';
import { readFolder, readSetOf, readText, type PassDetail } from './read.ts';
import { parseTable } from './table.ts';

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

/** Null when the folder holds no finished pass, or the pass does not know the node. */
export async function explainNode(folder: string, node: string): Promise<Explanation | null> {
  const detail = await readFolder(folder);
  const nodes = await readText(join(folder, 'nodes.tsv'));
  if (detail === null || nodes === null) return null;
  const facts = parseTable(nodes).find((row) => row['node'] === node);
  if (facts === undefined) return null;
  const sets = await setsOf(folder, detail, node);
  const step = detail.plan.steps.find((entry) => entry.node === node) ?? null;
  const refusals = detail.refusals.filter((entry) => entry.node === node);
  return {
    node,
    pass: detail.head.id,
    answer: answerOf({ facts, sets, step, refusals, detail }),
    facts,
    sets,
    step,
    refusals,
    legs: await Promise.all(LEGS.map((leg) => legOf(folder, detail, leg, node))),
  };
}

async function setsOf(folder: string, detail: PassDetail, node: string): Promise<string[]> {
  const names = Object.keys(detail.sets).sort();
  const found = await Promise.all(names.map(async (name) => (await readSetOf(folder, name))?.includes(node) ?? false));
  return names.filter((_, index) => found[index] === true);
}

interface Answering extends Pick<Explanation, 'facts' | 'sets' | 'step' | 'refusals'> {
  readonly detail: PassDetail;
}

function answerOf({ facts, sets, step, refusals, detail }: Answering): string {
  if (step !== null) {
    return `may be drained now, step ${step.order} of ${detail.plan.steps.length}: ${step.why} (${step.action}, ${step.urgency}); mode observe, nothing is acted on`;
  }
  if (refusals.length > 0) return `not drained: ${refusals.map(({ code, text }) => `${code}: ${text}`).join('; ')}`;
  if (sets.includes('derived/out-of-service')) {
    return `out of service already: ${outBecause(facts)}`;
  }
  if (sets.includes('derived/doubtful')) {
    return `not a suspect, but doubtful: telemetry is ${facts['freshness'] ?? 'silent'}, verdict ${facts['verdict'] ?? 'unknown'}; it counts against the budget`;
  }
  return `not a suspect: verdict ${facts['verdict'] ?? 'unknown'}, nothing calls for a drain`;
}

function outBecause(facts: Explanation['facts']): string {
  if (facts['lifecycle'] === undefined) return 'inventory has no row for it any more';
  if (facts['lifecycle'] === 'in-repair')
    return `in repair${facts['ticket'] === undefined ? ', without a ticket' : `, ticket ${facts['ticket']}`}`;
  if (facts['cluster_state'] === undefined) return 'the cluster does not know it';
  const by = facts['cordon_by'];
  return `${facts['cluster_state']}${by === undefined ? '' : ` (${by})`}`;
}

const observationSchema = z.looseObject({ rows: z.array(z.looseObject({ node: z.string() })) });
const freshnessSchema = z.record(z.string(), z.looseObject({ ageSeconds: z.number().nullable() }));

async function legOf(
  folder: string,
  { pass }: PassDetail,
  leg: string,
  node: string,
): Promise<Explanation['legs'][number]> {
  const text = await readText(join(folder, 'observations', `${leg}.json`));
  const rows = text === null ? [] : observationSchema.parse(JSON.parse(text)).rows;
  const freshness = freshnessSchema.safeParse(pass['freshness']);
  const ageSeconds = freshness.success ? (freshness.data[leg]?.ageSeconds ?? null) : null;
  return { leg, ageSeconds, row: rows.find((row) => row.node === node) ?? null };
}
