/** Nobody vanishes, nothing is unexplained, and nothing that nobody asked for is planned. */
import { verdict } from '@trivet/shared/health/verdict.ts';
import type { TelemetryRow } from '@trivet/shared/model/observation.ts';
import { condemning, secondsBefore, telemetryLimitSeconds, type Broken, type Invariant, type Subject } from './view.ts';

/** Two agents under one name: what each saw counts, but nobody can tell how the node is. */
function isUnhealthy(row: TelemetryRow, { input, view }: Subject): boolean {
  if (view.telemetry.get(row.node)?.length !== 1) return false;
  const reporting = secondsBefore(input, row.receivedAt) <= telemetryLimitSeconds(input);
  return reporting && verdict(row.findings, row.signals) === 'unhealthy';
}

/** I-1: every suspect is planned, refused or out of service; planned excludes the other two. */
export const everySuspectAccountedFor: Invariant = (subject) => {
  const { plan, refusals, input, view } = subject;
  const planned = new Set(plan.steps.map(({ node }) => node));
  const refused = new Set(refusals.map(({ node }) => node));
  const suspects = [
    ...input.observations.telemetry.rows.filter((row) => condemning(row).length > 0 || isUnhealthy(row, subject)),
    ...input.observations.inventory.rows.filter((row) => row.drainRequested),
  ];
  const out: Broken[] = [];
  for (const node of new Set(suspects.map((row) => row.node))) {
    if (planned.has(node) || refused.has(node) || view.out.has(node)) continue;
    out.push({ invariant: 'I-1', node, text: 'a suspect is neither planned nor refused nor out of service' });
  }
  for (const node of planned) {
    if (refused.has(node)) out.push({ invariant: 'I-1', node, text: 'both planned and refused' });
    if (view.out.has(node)) out.push({ invariant: 'I-1', node, text: 'planned, and out of service already' });
  }
  return out;
};

/** Refusals by a limit: these are worth nothing without their numbers. */
const WITH_NUMBERS = new Set(['budget', 'pool', 'domain', 'group', 'last-node', 'rate', 'in-flight-limit']);

/** I-5: every refusal has a code and a text; one by a limit has limit, current and needed. */
export const everyRefusalExplained: Invariant = ({ refusals }) =>
  refusals
    .filter(
      ({ code, text, limit, current, needed }) =>
        text.trim() === '' || (WITH_NUMBERS.has(code) && (limit === null || current === null || needed === null)),
    )
    .map(({ node, code }) => ({
      invariant: 'I-5',
      node,
      text: `refused with ${code} but without its numbers or text`,
    }));

/** I-19: a step names one node that inventory and cluster both know, once, and has a reason of its own. Empty is never "all". */
export const everyStepNamed: Invariant = ({ plan, view }) => {
  const seen = new Set<string>();
  return plan.steps.flatMap(({ node, findings }) => {
    const out: Broken[] = [];
    const row = view.inventory.get(node)?.[0];
    if (seen.has(node)) out.push({ invariant: 'I-19', node, text: 'planned twice' });
    seen.add(node);
    if (row === undefined || !view.cluster.has(node)) {
      out.push({ invariant: 'I-19', node, text: 'not in inventory or not in the cluster' });
    }
    if (findings.length === 0 && row?.drainRequested !== true) {
      out.push({ invariant: 'I-19', node, text: 'planned without a finding or a request' });
    }
    return out;
  });
};
