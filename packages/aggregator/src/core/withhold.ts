/** Reasons why a pass may plan nothing at all: a leg that cannot be trusted, or protection that vanished. Empty is never "all". */
import { LEGS, NEVER_OBSERVED, type Leg, type Observation } from '@trivet/shared/model/observation.ts';
import type { Plan } from '@trivet/shared/model/plan.ts';
import { COMPLETE_MIN_PERCENT } from '../safety/constants.ts';
import type { NodeFacts, PassInput } from './facts.ts';
import { ageSeconds, protectedCounts } from './reconcile.ts';
import { PROTECTING_LEGS } from './state.ts';

type Withheld = Plan['withheld'][number];

export function reasonsToWithhold(input: PassInput, facts: readonly NodeFacts[]): Withheld[] {
  return [...LEGS.flatMap((leg) => legReasons(leg, input)), ...tooFewReporting(facts), ...protectionVanished(input)];
}

/** Why a leg cannot be trusted as a whole. One that cannot neither allows a plan nor teaches anything that outlives the pass. */
export function legReasons(leg: Leg, input: PassInput): Withheld[] {
  return [
    ...unusable(leg, input),
    ...(leg === 'telemetry' ? [] : doubledNames(leg, input)),
    ...(leg === 'inventory' ? inventoryShrank(input) : []),
  ];
}

function unusable(leg: Leg, input: PassInput): Withheld[] {
  const observation: Observation<unknown> = input.observations[leg];
  const out: Withheld[] = [];
  if (!observation.complete || observation.errors.length > 0) {
    const [first] = observation.errors;
    const more = observation.errors.length > 1 ? ` (and ${observation.errors.length - 1} more)` : '';
    const what = first === undefined ? 'it says so itself' : `${first.where}: ${first.message}${more}`;
    out.push({ code: 'leg-incomplete', text: `${leg} is not complete: ${what}` });
  }
  const age = ageSeconds(observation.observedAt, Date.parse(input.now));
  const limit = input.policy.legMaxAge[`${leg}Seconds`];
  const old = Number.isFinite(age) ? `${age} s old` : `of ${observation.observedAt}, no time that has been`;
  // One that could not be read at all has no age: that it is not complete says why.
  if (age > limit && observation.observedAt !== NEVER_OBSERVED)
    out.push({ code: 'leg-stale', text: `${leg} is ${old}; the limit is ${limit} s` });
  if (observation.cluster !== input.cluster) {
    out.push({
      code: 'leg-incomplete',
      text: `${leg} is of cluster ${observation.cluster}; this pass decides for ${input.cluster}`,
    });
  }
  return out;
}

/** Two rows under one name in inventory or cluster: which of them holds, nobody can tell. */
function doubledNames(leg: 'inventory' | 'cluster', input: PassInput): Withheld[] {
  const names = input.observations[leg].rows.map(({ node }) => node);
  const count = names.length - new Set(names).size;
  return count === 0 ? [] : [{ code: 'leg-incomplete', text: `${leg} names ${count} node(s) more than once` }];
}

function inventoryShrank(input: PassInput): Withheld[] {
  const rows = input.observations.inventory.rows.length;
  const most = input.state.inventoryHighWater;
  if (rows * 100 >= most * COMPLETE_MIN_PERCENT) return [];
  return [
    {
      code: 'leg-incomplete',
      text: `inventory shrank to ${rows} rows from ${most}; below ${COMPLETE_MIN_PERCENT} % its percentages would lie`,
    },
  ];
}

function tooFewReporting(facts: readonly NodeFacts[]): Withheld[] {
  const expected = facts.filter((row) => row.expected);
  const reporting = expected.filter(({ freshness }) => freshness === 'reporting').length;
  if (reporting * 100 >= expected.length * COMPLETE_MIN_PERCENT) return [];
  return [
    {
      code: 'leg-incomplete',
      text: `telemetry hears ${reporting} of ${expected.length} expected nodes; ${COMPLETE_MIN_PERCENT} % are needed`,
    },
  ];
}

/** By leg: an export that lost its protected rows must not hide behind a node that the cluster still labels. */
function protectionVanished(input: PassInput): Withheld[] {
  const now = protectedCounts(input);
  return PROTECTING_LEGS.flatMap((leg) => {
    const before = input.state.protectedCounts[leg];
    if (before === 0 || now[leg] > 0) return [];
    return [{ code: 'breaker', text: `${before} node(s) were protected by ${leg} before and none is now` }];
  });
}
