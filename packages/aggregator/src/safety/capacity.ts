/** How much may be out at once: counted as unions of names over everything that is out, doubtful or planned. */
import type { Limit } from '../core/policy.ts';
import { ofNode, type Place } from '../core/state.ts';
import {
  COMPLETE_MIN_PERCENT,
  HOUR_CORDONS_MIN,
  HOUR_CORDONS_PER_THOUSAND,
  PASS_CORDONS_MIN,
  PASS_CORDONS_PER_THOUSAND,
  SMALL_POPULATION,
  UNAVAILABLE_MAX_PERCENT,
} from './constants.ts';
import { hasShrunk, secondsBefore, telemetryLimitSeconds, type Broken, type Invariant, type Subject } from './view.ts';

function plannedNodes({ plan }: Subject): string[] {
  return plan.steps.map(({ node }) => node);
}

function unavailableAfter(subject: Subject, members: ReadonlySet<string>): number {
  const { out, doubtful } = subject.view;
  const names = new Set([...out, ...doubtful, ...plannedNodes(subject)]);
  return [...names].filter((node) => members.has(node)).length;
}

function percentCap(population: number): number {
  return population > SMALL_POPULATION ? Math.floor((population * UNAVAILABLE_MAX_PERCENT) / 100) : population - 1;
}

/** min(ceiling, N − max(1, minimum healthy), max(floor, ⌊percent × N⌋)), never below zero; percent 0 is a freeze. */
function policyCap({ percentBasisPoints, floor, ceiling }: Limit, population: number, minimumHealthy: number): number {
  const byShare =
    percentBasisPoints === 0 ? 0 : Math.max(floor, Math.floor((population * percentBasisPoints) / 10_000));
  const caps = [byShare, population - Math.max(1, minimumHealthy), ...(ceiling === null ? [] : [ceiling])];
  return Math.max(0, Math.min(...caps));
}

/** I-7: the cluster's budget holds as a union, whoever took the nodes out. */
export const budgetHolds: Invariant = (subject) => {
  const { plan, input, view } = subject;
  if (plan.steps.length === 0) return [];
  const handsOff = input.observations.inventory.rows.filter(
    (row) => row.handsOff !== null && !(Date.parse(row.handsOff.until ?? '') <= Date.parse(input.now)),
  );
  const excluded = new Set([...view.protectedNodes, ...handsOff.map(({ node }) => node)]);
  const population = [...view.expected].filter((node) => !excluded.has(node)).length;
  const { unavailable, minimumHealthy } = input.policy;
  const cap = Math.min(policyCap(unavailable, population, minimumHealthy.count), percentCap(view.expected.size));
  const after = unavailableAfter(subject, view.expected);
  if (after <= cap) return [];
  return [{ invariant: 'I-7', node: null, text: `${after} nodes would be unavailable; the budget is ${cap}` }];
};

/** I-8: percentages are of what should be there, never of what can be seen; a pool keeps its last node. */
export const populationHolds: Invariant = (subject) => {
  const { plan, input } = subject;
  if (plan.steps.length === 0) return [];
  return [...shrunkInventory(subject), ...unheardNodes(subject), ...pools(subject)].map(({ node, text }) => ({
    invariant: 'I-8',
    node,
    text: `${text} (pass ${input.pass})`,
  }));
};

type Complaint = Omit<Broken, 'invariant'>;

function shrunkInventory({ input }: Subject): Complaint[] {
  const { rows } = input.observations.inventory;
  if (!hasShrunk(input)) return [];
  return [{ node: null, text: `inventory has ${rows.length} rows, once ${input.state.inventoryHighWater}` }];
}

function unheardNodes({ input, view }: Subject): Complaint[] {
  const limit = telemetryLimitSeconds(input);
  const heard = [...view.expected].filter((node) =>
    view.telemetry.get(node)?.some(({ receivedAt }) => secondsBefore(input, receivedAt) <= limit),
  ).length;
  if (heard * 100 >= view.expected.size * COMPLETE_MIN_PERCENT) return [];
  return [{ node: null, text: `telemetry hears ${heard} of ${view.expected.size} expected nodes` }];
}

function pools(subject: Subject): Complaint[] {
  return groups(subject, (node) => placeOf(subject, node)?.pool ?? null).flatMap(({ name, members }) => {
    const after = unavailableAfter(subject, members);
    const cap = Math.min(percentCap(members.size), members.size - 1);
    return after <= cap
      ? []
      : [{ node: null, text: `pool ${name}: ${after} of ${members.size} would be out, ${cap} may` }];
  });
}

/** I-9: no failure domain loses more than its cap; nodes whose domain is not known share one. */
export const domainsHold: Invariant = (subject) =>
  [...kinds(subject)].flatMap((kind) =>
    groups(subject, (node) => domainOf(subject, node, kind)).flatMap(({ name, members }) => {
      const after = unavailableAfter(subject, members);
      const max = ofNode(subject.input.policy.domains, kind)?.max ?? members.size;
      const cap = members.size > SMALL_POPULATION ? Math.min(max, percentCap(members.size)) : max;
      const text = `${kind} ${name}: ${after} would be out, ${cap} may`;
      return after <= cap ? [] : [{ invariant: 'I-9', node: null, text }];
    }),
  );

/** Every kind that anybody names: a limit for one kind leaves the others as they are. */
function kinds({ view, input }: Subject): Set<string> {
  const stood = Object.values(input.state.places).flatMap(({ domains }) => Object.keys(domains));
  const stand = [...view.inventory.values()].flatMap(([row]) => Object.keys(row?.domains ?? {}));
  return new Set([...Object.keys(input.policy.domains), ...stood, ...stand]);
}

function domainOf(subject: Subject, node: string, kind: string): string | null {
  return ofNode(placeOf(subject, node)?.domains ?? {}, kind);
}

/** A node whose row vanished is still missing from where it last stood. */
function placeOf({ view, input }: Subject, node: string): Place | null {
  return view.inventory.get(node)?.[0] ?? ofNode(input.state.places, node);
}

/** Groups of expected nodes in which something is planned. What is out already is not the plan's doing. */
function groups(subject: Subject, key: (node: string) => string | null): { name: string; members: Set<string> }[] {
  const touched = new Set(plannedNodes(subject).map(key));
  return [...Map.groupBy(subject.view.expected, key)]
    .filter(([name]) => touched.has(name))
    .map(([name, members]) => ({ name: name ?? '(not known)', members: new Set(members) }));
}

/** I-34: cordons in a window are counted from durable state, so that a restart resets nothing. */
export const rateHolds: Invariant = ({ plan, input, view }) => {
  const population = view.expected.size;
  const pass = Math.max(PASS_CORDONS_MIN, Math.floor((population * PASS_CORDONS_PER_THOUSAND) / 1000));
  const hour = Math.max(HOUR_CORDONS_MIN, Math.floor((population * HOUR_CORDONS_PER_THOUSAND) / 1000));
  // Older than an hour, or it counts: what cannot be read, or lies ahead, is no reason to go faster.
  const recent = input.state.cordons.filter(({ at }) => !(Date.parse(input.now) - Date.parse(at) >= 3_600_000));
  const steps = plan.steps.length;
  const inHour = new Set([...recent, ...plan.steps].map(({ node }) => node)).size;
  const out: Broken[] = [];
  if (steps > pass) out.push({ invariant: 'I-34', node: null, text: `${steps} new cordons in a pass; ${pass} may be` });
  if (steps > 0 && inHour > hour) {
    out.push({ invariant: 'I-34', node: null, text: `${inHour} cordons in an hour; ${hour} may be` });
  }
  return out;
};
