/** One pass, from reading the legs to a folder on disk: observe, reconcile, derive, plan, verify, summarise. It never acts. */
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { LEGS, type Observations } from '@trivet/shared/model/observation.ts';
import type { Mode } from '@trivet/shared/model/plan.ts';
import type { LegReaders } from '../core/legs.ts';
import { decide, withDecision, type Decision } from '../core/plan.ts';
import type { PassInput } from '../core/facts.ts';
import type { Policy } from '../core/policy.ts';
import { ageSeconds } from '../core/reconcile.ts';
import { refusal } from '../core/refuse.ts';
import type { PassState } from '../core/state.ts';
import { VerifiedPlan } from '../safety/verify.ts';
import type { Broken } from '../safety/view.ts';
import { createPassFolder, moveLinks, writeWhole } from './folder.ts';
import { readSetSizes } from './read.ts';
import { printSummary } from './summary.ts';
import { writeDecision, writeObservations, writePassFile } from './write.ts';

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
  /** Nodes that run the aggregator itself; default: this host. */
  readonly ownHosts?: readonly string[];
}

export interface PassOutcome {
  readonly id: string;
  readonly folder: string;
  readonly summary: string;
  /** `planned`, `nothing-to-do`, `withheld` or `stopped-by-safety`. */
  readonly outcome: string;
  /** To be kept until the next pass. */
  readonly state: PassState;
  /** Size of each set, by `group/name`. */
  readonly setSizes: { readonly [set: string]: number };
  readonly planned: number;
  /** Count of refusals by code. */
  readonly refusals: { readonly [code: string]: number };
  /** Nodes that the cluster's budget still allows, after the plan. */
  readonly headroom: number;
  readonly legAgesSeconds: { readonly [leg: string]: number };
  /** What was refused of each leg: rows and files that were not understood. */
  readonly legErrors: { readonly [leg: string]: number };
  readonly durationMs: number;
}

export async function runPass(request: PassRequest): Promise<PassOutcome> {
  const begun = performance.now();
  const startedAt = request.now();
  const { id, folder } = await createPassFolder(request.dir, request.cluster, startedAt);
  const transcript = new Transcript(request.now);
  const observations = await observe(request);
  const input = inputOf(request, id, observations);
  transcript.add('observe', { rows: LEGS.map((leg) => observations[leg].rows.length) });
  const head = {
    input,
    startedAt: startedAt.toISOString(),
    finishedAt: null,
    decision: null,
    outcome: 'running',
    broken: [],
  };
  await writePassFile(folder, head);
  await writeObservations(folder, input);

  const first = decide(input);
  transcript.add('plan', { steps: first.plan.steps.length, withheld: first.plan.withheld });
  const verified = VerifiedPlan.verify(first.plan, first.refusals, input);
  const broken = verified instanceof VerifiedPlan ? [] : verified;
  transcript.add('verify', { broken });
  const decision = broken.length === 0 ? first : stopped(first, broken);
  const outcome = outcomeOf(decision, broken);
  await writeDecision(folder, decision);

  const previous = await readSetSizes(join(request.dir, request.cluster, 'latest')).catch(() => null);
  const summary = printSummary({ input, decision, broken, previous });
  await writeWhole(join(folder, 'summary.txt'), summary);
  transcript.add('summarise', { outcome });
  await writeWhole(join(folder, 'transcript.jsonl'), transcript.print());
  await writePassFile(folder, { ...head, finishedAt: request.now().toISOString(), decision, outcome, broken });
  await moveLinks(request.dir, request.cluster, id);
  return { id, folder, summary, outcome, ...measures(decision, input), durationMs: performance.now() - begun };
}

async function observe({ legs, cluster }: PassRequest): Promise<Observations> {
  const [inventory, telemetry, clusterLeg] = await Promise.all([
    legs.inventory.observe(cluster),
    legs.telemetry.observe(cluster),
    legs.cluster.observe(cluster),
  ]);
  return { inventory, telemetry, cluster: clusterLeg };
}

/** The time of the decision is taken after the legs were read, so that no observation lies in its future. */
function inputOf(request: PassRequest, pass: string, observations: Observations): PassInput {
  const { cluster, policy, state, ownHosts = [hostname().toLowerCase()] } = request;
  return { cluster, pass, now: request.now().toISOString(), observations, policy, state, ownHosts };
}

/** A plan that safety refuses is no plan: every step becomes a refusal that says which invariant it broke. */
function stopped(decision: Decision, broken: readonly Broken[]): Decision {
  const text = broken.map((entry) => `${entry.invariant}: ${entry.node ?? 'plan'}: ${entry.text}`).join('; ');
  const withheld = [{ code: 'stopped' as const, text: `the safety check refused the plan: ${text}` }];
  // Also a suspect that the planner forgot: nobody vanishes.
  const nodes = [...decision.plan.steps, ...broken].map(({ node }) => node).filter((node) => node !== null);
  const refusals = [
    ...decision.refusals,
    ...[...new Set(nodes)].flatMap((node) => withheld.map((reason) => refusal(node, reason))),
  ];
  return {
    ...decision,
    refusals,
    sets: withDecision(decision.sets, [], refusals),
    plan: { ...decision.plan, steps: [], withheld },
    budget: { ...decision.budget, used: decision.budget.used - decision.plan.steps.length },
  };
}

function outcomeOf({ plan }: Decision, broken: readonly Broken[]): string {
  if (broken.length > 0) return 'stopped-by-safety';
  if (plan.withheld.length > 0) return 'withheld';
  return plan.steps.length > 0 ? 'planned' : 'nothing-to-do';
}

function measures(
  decision: Decision,
  input: PassInput,
): Omit<PassOutcome, 'id' | 'folder' | 'summary' | 'outcome' | 'durationMs'> {
  const refusals = Object.groupBy(decision.refusals, ({ code }) => code);
  return {
    state: decision.state,
    setSizes: Object.fromEntries([...decision.sets].map(([name, set]) => [name, set.length])),
    planned: decision.plan.steps.length,
    refusals: Object.fromEntries(Object.entries(refusals).map(([code, entries]) => [code, entries.length])),
    headroom: Math.max(0, decision.budget.limit - decision.budget.used),
    legErrors: Object.fromEntries(LEGS.map((leg) => [leg, input.observations[leg].errors.length])),
    legAgesSeconds: Object.fromEntries(
      LEGS.map((leg) => [leg, ageSeconds(input.observations[leg].observedAt, Date.parse(input.now))]),
    ),
  };
}

/** What happened when, one JSON object a line. */
class Transcript {
  readonly #now: () => Date;
  readonly #lines: string[] = [];

  constructor(now: () => Date) {
    this.#now = now;
  }

  add(stage: string, details: object): void {
    this.#lines.push(JSON.stringify({ at: this.#now().toISOString(), stage, ...details }));
  }

  print(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }
}
