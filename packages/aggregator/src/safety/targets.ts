/** What is planned must be the right node, ours to take, not protected, and condemned by evidence read just now. */
import type { Step } from '@trivet/shared/model/plan.ts';
import type { Finding } from '@trivet/shared/model/finding.ts';
import { LEGS, type TelemetryRow } from '@trivet/shared/model/observation.ts';
import { ofNode } from '../core/state.ts';
import {
  condemning,
  isUsable,
  secondsBefore,
  telemetryLimitSeconds,
  type Broken,
  type Invariant,
  type Subject,
} from './view.ts';

type Complain = (subject: Subject, step: Step) => readonly string[];

/** One complaint a text, for every step. */
function eachStep(invariant: string, complain: Complain): Invariant {
  return (subject) =>
    subject.plan.steps.flatMap((step) =>
      complain(subject, step).map((text): Broken => ({ invariant, node: step.node, text })),
    );
}

/** I-10: legs complete and fresh, the node reporting, and every finding behind the step open, hard and read afresh. */
export const evidenceFresh: Invariant = (subject) => [
  ...(subject.plan.steps.length === 0 ? [] : legsUsable(subject)),
  ...eachStep('I-10', staleEvidence)(subject),
];

function legsUsable({ input }: Subject): Broken[] {
  return LEGS.filter((leg) => !isUsable(leg, input)).map((leg) => ({
    invariant: 'I-10',
    node: null,
    text: `a plan on a ${leg} that is not complete and fresh`,
  }));
}

const staleEvidence: Complain = ({ input, view }, { node, findings }) => {
  const rows = view.telemetry.get(node) ?? [];
  const [row] = rows;
  if (row === undefined || rows.length > 1) return ['telemetry has no row for it, or several'];
  const limit = telemetryLimitSeconds(input);
  const age = secondsBefore(input, row.receivedAt);
  if (age > limit) return [`its report is ${age} s old; the limit is ${limit} s`];
  const open = new Map(condemning(row).map((finding) => [finding.id, finding]));
  const unfounded = findings.filter((id) => !open.has(id)).map((id) => `finding ${id} is not an open hard one`);
  if (unfounded.length > 0) return unfounded;
  return [...open.values()]
    .filter((finding) => findings.includes(finding.id) && !isConfirmed(row, finding, limit + 1 - age))
    .map(({ id }) => `finding ${id} has not been confirmed within ${limit} s`);
};

/** Seen again, or a collector that saw it read well, at most so long before the report. */
function isConfirmed({ signals, takenAt }: TelemetryRow, finding: Finding, withinSeconds: number): boolean {
  const unseenMs = Date.parse(takenAt ?? '') - Date.parse(finding.lastSeen);
  if (unseenMs >= 0 && unseenMs <= withinSeconds * 1000) return true;
  const sources = new Set(finding.evidence.map(({ source }) => source));
  return signals.some(
    ({ name, state, ageMs }) => sources.has(name) && state === 'ok' && ageMs !== null && ageMs <= withinSeconds * 1000,
  );
}

/** I-16: never a protected node or one a person keeps hands off; protection that was there cannot have vanished. */
export const protectedUntouched: Invariant = (subject) => {
  return [
    ...vanishedProtection(subject),
    ...eachStep('I-16', ({ input, view: { protectedNodes, inventory } }, { node }) => {
      const row = inventory.get(node)?.[0];
      const handsOff = row?.handsOff ?? null;
      const over = Date.parse(handsOff?.until ?? '') <= Date.parse(input.now);
      return [
        ...(protectedNodes.has(node) ? ['protected'] : []),
        ...(handsOff !== null && !over ? [`${handsOff.by} says hands off`] : []),
      ];
    })(subject),
  ];
};

function vanishedProtection({ plan, input, view }: Subject): Broken[] {
  if (plan.steps.length === 0) return [];
  return (['inventory', 'cluster'] as const)
    .filter((leg) => input.state.protectedCounts[leg] > 0 && view.protectedByLeg[leg].length === 0)
    .map((leg) => ({ invariant: 'I-16', node: null, text: `${leg} protected nodes before and none now` }));
}

/** I-17: the step's identity is the one observed, and none that was never accepted under this name. */
export const identityHolds: Invariant = eachStep('I-17', ({ input, view }, { node, expected }) => {
  const telemetry = view.telemetry.get(node)?.[0];
  const { serial = null, gpus = [] } = telemetry?.hardware ?? {};
  const uuids = gpus.map(({ uuid }) => uuid).filter((uuid) => uuid !== null);
  const accepted = ofNode(input.state.identities, node);
  const known = new Set(accepted?.gpus.map(({ uuid }) => uuid).filter((uuid) => uuid !== null));
  const total = accepted?.gpus.length ?? 0;
  const neverAccepted = uuids.filter((uuid) => !known.has(uuid)).length;
  const serials = new Set(
    [accepted?.serial, view.inventory.get(node)?.[0]?.serial, serial].filter((value) => (value ?? null) !== null),
  );
  const checks: readonly (readonly [boolean, string])[] = [
    [expected.uid !== (view.cluster.get(node)?.[0]?.uid ?? null), 'another node object than the one observed'],
    [expected.bootId !== (telemetry?.bootId ?? null), 'another boot than the one observed'],
    [expected.serial !== serial, 'another serial than the one observed'],
    [serials.size > 1, `serials differ: ${[...serials].join(', ')}`],
    [expected.gpuUuids.join() !== uuids.sort().join(), 'other GPUs than those observed'],
    [total > 0 && neverAccepted > total - known.size, 'a GPU that was never accepted under this name'],
  ];
  return checks.filter(([wrong]) => wrong).map(([, text]) => text);
});

/** I-18: nothing of somebody else's: no cordon, ticket, hold or open operation; managed and in service. */
export const ownedByNobodyElse: Invariant = eachStep('I-18', ({ input, view }, { node }) => {
  const inventory = view.inventory.get(node)?.[0];
  const cluster = view.cluster.get(node)?.[0];
  const hold = ofNode(input.state.holds, node);
  const held = hold !== null && !(hold.until !== null && Date.parse(hold.until) <= Date.parse(input.now));
  const ticket = inventory?.ticket ?? null;
  const checks: readonly (readonly [boolean, string])[] = [
    [inventory?.lifecycle !== 'in-service' && inventory?.lifecycle !== 'in-repair', 'not managed'],
    [cluster === undefined || !cluster.ready, 'not ready in the cluster'],
    [cluster?.schedulable === false || (cluster?.cordon ?? null) !== null, 'cordoned already'],
    [ticket !== null && ticket.by !== 'trivet', `ticket ${ticket?.id ?? ''} of somebody else`],
    [held, 'on hold'],
    [ofNode(input.state.inFlight, node) !== null, 'an operation on it is open'],
  ];
  return checks.filter(([wrong]) => wrong).map(([, text]) => text);
});
