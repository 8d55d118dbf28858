/** Why a suspect is not even a candidate: each subtraction of `candidate-drain` as a refusal with its code and numbers. */
import type { Refusal, RefusalCode } from '@trivet/shared/model/plan.ts';
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { NodeFacts, PassInput } from './facts.ts';
import { ageSeconds, STALE_AFTER_INTERVALS } from './reconcile.ts';

export interface Reason {
  readonly code: RefusalCode;
  readonly text: string;
  readonly limit?: number;
  readonly current?: number;
}

export function refusal(node: string, reason: Reason): Refusal {
  return {
    node,
    code: reason.code,
    limit: reason.limit ?? null,
    current: reason.current ?? null,
    needed: null,
    users: [],
    text: reason.text,
  };
}

/** All that hold, not only the first: mending one must not uncover the next. Empty for a candidate that may be weighed. */
export function reasonsAgainst(facts: NodeFacts, input: PassInput): Reason[] {
  return [
    ...standing(facts, input),
    ...evidence(facts, input),
    ...permission(facts),
    ...identity(facts),
    ...ownership(facts),
  ];
}

function standing(facts: NodeFacts, input: PassInput): Reason[] {
  const out: Reason[] = [];
  if (!facts.managed) {
    const lifecycle = facts.inventory?.lifecycle ?? 'in no inventory row';
    out.push({ code: 'not-managed', text: `lifecycle is ${lifecycle}; only in-service and in-repair are managed` });
  }
  if (facts.clusterState === null || facts.clusterState === 'down') {
    const text = facts.clusterState === null ? 'the cluster does not know it' : 'not ready in the cluster already';
    out.push({ code: 'not-in-service', text });
  }
  if (facts.freshness !== 'reporting') out.push(notReporting(facts, input));
  return out;
}

function notReporting(facts: NodeFacts, input: PassInput): Reason {
  const limit = evidenceLimitSeconds(input);
  const age = facts.telemetryAgeSeconds;
  if (age === null) return { code: 'not-reporting', limit, text: 'its agent was never heard' };
  if (!Number.isFinite(age)) {
    return {
      code: 'not-reporting',
      limit,
      text: `last report at ${facts.telemetry?.receivedAt ?? '?'}, no time that has been`,
    };
  }
  return { code: 'not-reporting', limit, current: age, text: `last report ${age} s ago; the limit is ${limit} s` };
}

/** A hard finding stands alone, and only as long as it is vouched for afresh. A requested drain needs none. */
function evidence(facts: NodeFacts, input: PassInput): Reason[] {
  if (facts.inventory?.drainRequested === true) return [];
  if (facts.hardFindings.length === 0) {
    return [{ code: 'evidence-soft', text: softText(facts.strongest) }];
  }
  if (facts.freshness !== 'reporting' || freshFindings(facts, input).length > 0) return [];
  const limit = evidenceLimitSeconds(input);
  const age = Math.min(...facts.hardFindings.map((finding) => evidenceAgeSeconds(finding, facts, input)));
  const current = Number.isFinite(age) ? age : null;
  const seen = current === null ? 'cannot be confirmed now' : `was confirmed ${current} s ago`;
  const text = `its finding ${seen}, by its collector or by being seen again; the limit is ${limit} s`;
  return [{ code: 'not-reporting', limit, text, ...(current === null ? {} : { current }) }];
}

function softText(strongest: Finding | null): string {
  const code = strongest?.code ?? 'no open finding';
  if (strongest?.strength === 'hard')
    return `${code} drains nobody by our own catalogue, whatever its agent makes of it`;
  return `${code} alone is soft evidence: it drains nobody`;
}

/** Hard findings that are still vouched for: the only ones that a step may rest on. */
export function freshFindings(facts: NodeFacts, input: PassInput): readonly Finding[] {
  const limit = evidenceLimitSeconds(input);
  return facts.hardFindings.filter((finding) => evidenceAgeSeconds(finding, facts, input) <= limit);
}

function evidenceLimitSeconds({ policy }: PassInput): number {
  return STALE_AFTER_INTERVALS * policy.reportInterval.seconds;
}

/**
 * How long ago the finding was last vouched for: by a good sample of a collector that saw it, or by having been seen again
 * itself, which a tool that fails can still do ("GPU is lost", exit 15). Infinite when neither can be said.
 */
function evidenceAgeSeconds(finding: Finding, { telemetry }: NodeFacts, { now }: PassInput): number {
  if (telemetry === null) return Infinity;
  const sources = new Set(finding.evidence.map(({ source }) => source));
  const ages = telemetry.signals
    .filter(({ name, state, ageMs }) => sources.has(name) && state === 'ok' && ageMs !== null)
    .map(({ ageMs }) => (ageMs ?? Infinity) / 1000);
  // Both by the node's clock; a finding seen after the report that holds it was seen at no time that we can use.
  const seenAgain = (Date.parse(telemetry.takenAt ?? '') - Date.parse(finding.lastSeen)) / 1000;
  if (seenAgain >= 0) ages.push(seenAgain);
  return Math.floor(Math.min(Infinity, ...ages) + ageSeconds(telemetry.receivedAt, Date.parse(now)));
}

function permission(facts: NodeFacts): Reason[] {
  const out: Reason[] = [];
  if (facts.protectedBy !== null) out.push({ code: 'protected', text: `protected by ${facts.protectedBy}` });
  if (facts.handsOff) {
    const { by = '?', why = '?', until = null } = facts.inventory?.handsOff ?? {};
    out.push({ code: 'hands-off', text: `${by} says hands off${until === null ? '' : ` until ${until}`}: ${why}` });
  }
  if (facts.hold !== null) {
    const { kind, by, why, until } = facts.hold;
    out.push({ code: 'on-hold', text: `${kind} by ${by}${until === null ? '' : ` until ${until}`}: ${why}` });
  }
  return out;
}

function identity(facts: NodeFacts): Reason[] {
  if (facts.identity === 'mismatch') {
    return [
      {
        code: 'identity',
        text: 'its hardware is not what was last accepted under this name, or two agents report under it',
      },
    ];
  }
  if (facts.identity === 'pending') return [{ code: 'identity', text: 'its changed hardware is not accepted yet' }];
  return [];
}

function ownership(facts: NodeFacts): Reason[] {
  const out: Reason[] = [];
  const ticket = facts.inventory?.ticket ?? null;
  if (facts.ticketedByOthers && ticket !== null) {
    out.push({ code: 'ticketed', text: `ticket ${ticket.id} of ${ticket.by} is open` });
  }
  if (facts.clusterState === 'cordoned-by-others') {
    const who = facts.cluster?.cordon?.who ?? 'somebody else';
    out.push({
      code: 'owned-by-other',
      text: `cordoned by ${who}${facts.orphanMark ? ', with a mark of ours that no operation owns' : ''}`,
    });
  }
  if (facts.inFlight !== null) out.push({ code: 'in-flight', text: `operation ${facts.inFlight} is open` });
  return out;
}
