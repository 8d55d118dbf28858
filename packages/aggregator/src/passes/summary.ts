/** summary.txt: read in ten seconds. What there is, what changed, who uses the budget, what would be done and what not. */
import type { Broken } from '../safety/view.ts';
import type { Decision } from '../core/plan.ts';
import type { NodeFacts, PassInput } from '../core/facts.ts';
import { ageSeconds } from '../core/reconcile.ts';
import { ofNode } from '../core/state.ts';
import { LEGS, NEVER_OBSERVED } from '@trivet/shared/model/observation.ts';

export interface SummaryInput {
  readonly input: PassInput;
  readonly decision: Decision;
  readonly broken: readonly Broken[];
  /** Sizes of the same sets in the pass before; null: there was none. */
  readonly previous: { readonly [set: string]: number } | null;
}

export function printSummary(summary: SummaryInput): string {
  return [
    ...headline(summary),
    '',
    ...legs(summary),
    '',
    ...counts(summary),
    '',
    ...budget(summary),
    '',
    ...plan(summary),
    ...refusals(summary),
  ]
    .join('\n')
    .concat('\n');
}

function size({ decision }: SummaryInput, set: string): number {
  return decision.sets.get(set)?.length ?? 0;
}

function headline({ input, decision, broken }: SummaryInput): string[] {
  const { steps, withheld, mode } = decision.plan;
  const lines = [`${input.cluster}  pass ${input.pass}  ${input.now}  mode ${mode}: nothing is acted on`];
  if (broken.length > 0) {
    lines.push(`STOPPED by safety: ${broken.map(({ invariant, text }) => `${invariant} ${text}`).join('; ')}`);
  } else if (withheld.length > 0) {
    lines.push('Do nothing, because:', ...withheld.map(({ code, text }) => `  ${code}: ${text}`));
  } else if (steps.length === 0) {
    lines.push('Do nothing: no suspect may be drained now.');
  } else {
    lines.push(`${steps.length} node(s) may be drained now.`);
  }
  return lines;
}

function legs({ input }: SummaryInput): string[] {
  return LEGS.map((leg) => {
    const { observedAt, complete, rows } = input.observations[leg];
    const age = ageSeconds(observedAt, Date.parse(input.now));
    const state = complete ? 'complete' : 'NOT COMPLETE';
    const old = observedAt === NEVER_OBSERVED ? 'not read' : Number.isFinite(age) ? `${age} s old` : 'age not known';
    return `${leg.padEnd(10)} ${String(rows.length).padStart(7)} rows, ${old}, ${state}`;
  });
}

const COUNTED = [
  ['expected', 'inventory/expected'],
  ['reporting', 'telemetry/reporting'],
  ['healthy', 'telemetry/healthy'],
  ['degraded', 'telemetry/degraded'],
  ['unhealthy', 'telemetry/unhealthy'],
  ['unknown', 'telemetry/unknown'],
  ['stale', 'telemetry/stale'],
  ['silent', 'telemetry/silent'],
  ['out of service', 'derived/out-of-service'],
  ['doubtful', 'derived/doubtful'],
  ['suspect', 'derived/suspect'],
  ['refused', 'derived/refused'],
  ['planned', 'plan/drain'],
] as const;

function counts(summary: SummaryInput): string[] {
  return COUNTED.map(([name, set]) => {
    const now = size(summary, set);
    const before = summary.previous?.[set];
    const change = before === undefined || before === now ? '' : `  (${now > before ? '+' : ''}${now - before})`;
    return `${name.padEnd(15)}${String(now).padStart(7)}${change}`;
  });
}

/** Whose nodes use the budget: the first of these that fits names each, so the parts add up to the whole. */
const USERS: readonly (readonly [who: string, is: (facts: NodeFacts) => boolean])[] = [
  ['missing', ({ inventory, cluster }) => inventory === null || cluster === null],
  ['repair', ({ inventory }) => inventory?.lifecycle === 'in-repair'],
  ['ours', ({ clusterState, inFlight }) => clusterState === 'cordoned-by-us' || inFlight !== null],
  ['others', ({ clusterState }) => clusterState === 'cordoned-by-others'],
  ['down', ({ clusterState }) => clusterState === 'down'],
  ['doubtful', () => true],
];
const SHOWN = 8;

function budget({ decision, input }: SummaryInput): string[] {
  const { limit, used, why } = decision.budget;
  const unavailable = new Set(decision.sets.get('derived/unavailable'));
  const rows = decision.facts.filter(({ node }) => unavailable.has(node));
  const groups = Map.groupBy(rows, (row) => USERS.find(([, is]) => is(row))?.[0] ?? 'doubtful');
  const lines = [`budget ${used} of ${limit} used, the plan included (${why})`];
  for (const [who] of USERS) {
    const members = oldestFirst(groups.get(who) ?? [], input);
    if (members.length === 0) continue;
    const more = members.length > SHOWN ? ` and ${members.length - SHOWN} more` : '';
    lines.push(`  ${who.padEnd(9)}${String(members.length).padStart(4)}  ${members.slice(0, SHOWN).join(' ')}${more}`);
  }
  const planned = decision.plan.steps.length;
  if (planned > 0) lines.push(`  planned  ${String(planned).padStart(4)}`);
  return lines;
}

function oldestFirst(rows: readonly NodeFacts[], { now }: PassInput): string[] {
  const nowMs = Date.parse(now);
  return rows
    .map((row) => {
      const since = row.cluster?.cordon?.since ?? row.telemetry?.receivedAt ?? null;
      return { node: row.node, age: since === null ? Infinity : ageSeconds(since, nowMs) };
    })
    .sort((a, b) => (a.age === b.age ? (a.node < b.node ? -1 : 1) : b.age - a.age))
    .map(({ node, age }) => (Number.isFinite(age) ? `${node} ${printAge(age)}` : node));
}

export function printAge(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function plan({ decision }: SummaryInput): string[] {
  if (decision.plan.steps.length === 0) return [];
  return [
    'would drain, in this order:',
    ...decision.plan.steps.map(
      ({ order, node, urgency, action, why }) => `  ${order}. ${node}  ${urgency}  ${action}  ${why}`,
    ),
  ];
}

function refusals({ decision, input }: SummaryInput): string[] {
  if (decision.refusals.length === 0) return [];
  const groups = [...Map.groupBy(decision.refusals, ({ code }) => code)].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    'refused:',
    ...groups.map(([code, entries]) => {
      const nodes = [...new Set(entries.map(({ node }) => node))];
      const named = nodes.slice(0, SHOWN).map((node) => `${node}${standing(node, input, decision)}`);
      const more = nodes.length > SHOWN ? ` and ${nodes.length - SHOWN} more` : '';
      return `  ${code.padEnd(15)}${String(nodes.length).padStart(4)}  ${named.join(' ')}${more}`;
    }),
  ];
}

/** How long it has stood still as a suspect. */
function standing(node: string, { now }: PassInput, { state }: Decision): string {
  const since = ofNode(state.suspectSince, node);
  if (since === null || since === now) return '';
  return ` ${printAge(ageSeconds(since, Date.parse(now)))}`;
}
