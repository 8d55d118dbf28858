/** The decision: sets, plan and refusals of one pass. Pure: the same input gives the same bytes. */
import { strongest } from '@trivet/shared/health/verdict.ts';
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { Plan, Refusal, Step } from '@trivet/shared/model/plan.ts';
import { deriveSets } from './derive.ts';
import { advanceExpected, advanceState } from './advance.ts';
import type { NodeFacts, PassInput } from './facts.ts';
import { buildLimits, type NodeLimit } from './limits.ts';
import { has } from './node-set.ts';
import { DECISION_SETS, OUTCOME_SETS, withDerived, type Sets } from './recipes.ts';
import { mostUrgent, reconcile } from './reconcile.ts';
import { freshFindings, reasonsAgainst, refusal } from './refuse.ts';
import { gangsOn, seedOf, select, type Selection } from './select.ts';
import type { PassState } from './state.ts';
import { reasonsToWithhold } from './withhold.ts';

export interface Decision {
  readonly facts: readonly NodeFacts[];
  readonly sets: Sets;
  readonly plan: Plan;
  readonly refusals: readonly Refusal[];
  /** The cluster's budget with the plan in it. */
  readonly budget: { readonly limit: number; readonly used: number; readonly why: string };
  /** For the next pass. */
  readonly state: PassState;
}

export function decide(given: PassInput): Decision {
  const input: PassInput = { ...given, state: { ...given.state, expected: advanceExpected(given) } };
  const facts = reconcile(input);
  const derived = deriveSets(facts);
  const limits = buildLimits(input, facts, derived);
  const withheld = reasonsToWithhold(input, facts);
  const { planned, refusals } = weigh({ input, facts, sets: derived, withheld, limits });
  return {
    facts,
    sets: withDecision(derived, planned, refusals),
    plan: planOf(input, planned, withheld),
    refusals: refusals.toSorted(byNodeThenCode),
    budget: budgetNow(limits.budget),
    state: advanceState(input, facts),
  };
}

interface Weighing {
  readonly input: PassInput;
  readonly facts: readonly NodeFacts[];
  readonly sets: Sets;
  readonly withheld: Plan['withheld'];
  readonly limits: ReturnType<typeof buildLimits>;
}

/**
 * Every suspect that is not out of service already is planned or refused. Where nothing may be planned at all, each is
 * refused for that: when a leg cannot be trusted, nobody knows who is out of service either.
 */
function weigh({ input, facts, sets, withheld, limits }: Weighing): Selection {
  const suspects = new Set(sets.get('derived/suspect'));
  const out = sets.get('derived/out-of-service') ?? [];
  const candidates: NodeFacts[] = [];
  const refusals: Refusal[] = [];
  for (const row of facts) {
    if (!suspects.has(row.node)) continue;
    const isOut = has(out, row.node);
    const against = [...(isOut ? [] : reasonsAgainst(row, input)), ...withheld];
    if (against.length === 0 && !isOut) candidates.push(row);
    refusals.push(...against.map((reason) => refusal(row.node, reason)));
  }
  const hit = gangsOn(facts.filter(({ node }) => has(out, node)));
  const selection = select(candidates, limits, seedOf(input.cluster, input.pass), hit);
  return { planned: selection.planned, refusals: [...refusals, ...selection.refusals] };
}

/** The decision's own sets, and those that are derived from it. */
export function withDecision(
  sets: Sets,
  planned: readonly { readonly node: string }[],
  refusals: readonly Refusal[],
): Sets {
  const out = new Map(sets);
  const names = (nodes: readonly { readonly node: string }[]) => [...new Set(nodes.map(({ node }) => node))].sort();
  for (const name of DECISION_SETS) {
    const code = name.slice('refused/'.length);
    out.set(name, names(name === 'plan/drain' ? planned : refusals.filter((entry) => entry.code === code)));
  }
  return withDerived(out, OUTCOME_SETS);
}

function planOf(input: PassInput, planned: readonly NodeFacts[], withheld: Plan['withheld']): Plan {
  return {
    cluster: input.cluster,
    pass: input.pass,
    mode: 'observe',
    seed: seedOf(input.cluster, input.pass),
    createdAt: input.now,
    steps: planned.map((facts, index) => stepOf(facts, freshFindings(facts, input), index + 1)),
    withheld,
  };
}

function stepOf(facts: NodeFacts, findings: readonly Finding[], order: number): Step {
  const { serial = null, gpus = [] } = facts.telemetry?.hardware ?? {};
  return {
    order,
    node: facts.node,
    kind: 'drain',
    action: strongest(findings)?.action ?? 'none',
    urgency: mostUrgent(findings) ?? 'soon',
    findings: findings.map(({ id }) => id),
    why: whyOf(facts, findings),
    expected: {
      uid: facts.cluster?.uid ?? null,
      bootId: facts.telemetry?.bootId ?? null,
      serial,
      gpuUuids: gpus
        .map(({ uuid }) => uuid)
        .filter((uuid) => uuid !== null)
        .sort(),
    },
  };
}

function whyOf(facts: NodeFacts, findings: readonly Finding[]): string {
  const codes = findings.map(({ code, gpu }) => {
    const where = gpu?.pciBusId ?? gpu?.uuid ?? null;
    return where === null ? code : `${code} on ${where}`;
  });
  if (facts.inventory?.drainRequested === true) codes.push('drain requested');
  return codes.join(', ');
}

function budgetNow({ limit, users, why }: NodeLimit): Decision['budget'] {
  return { limit, used: users.size, why };
}

function byNodeThenCode(a: Refusal, b: Refusal): number {
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  return a.code < b.code ? -1 : a.code > b.code ? 1 : 0;
}
