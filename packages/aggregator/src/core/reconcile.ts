/** Observations → one row a node. Nothing is decided here, and nothing is guessed: what a leg does not say stays null. */
import { actionRank, URGENCIES, type Finding, type Urgency, type Verdict } from '@trivet/shared/model/finding.ts';
import { catalogueEntry } from '@trivet/shared/health/catalogue/index.ts';
import { strongest, verdict } from '@trivet/shared/health/verdict.ts';
import {
  NEVER_OBSERVED,
  TRIVET,
  type ClusterRow,
  type InventoryRow,
  type Observation,
  type TelemetryRow,
} from '@trivet/shared/model/observation.ts';
import { CLOCK_SKEW_MAX_SECONDS } from '../safety/constants.ts';
import type { ClusterState, Freshness, NodeFacts, PassInput } from './facts.ts';
import { compareIdentity } from './identity.ts';
import { ofNode, type ProtectedCounts } from './state.ts';

/** Not heard for three report intervals is stale, for ten minutes silent (contracts, protocol v1). */
export const STALE_AFTER_INTERVALS = 3;
export const SILENT_AFTER_SECONDS = 600;

/** Labels by which Kubernetes and people say "leave this node alone". */
const PROTECTING_LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
const PROTECTED_LABEL = 'trivet.dev/protected';

const DRAINS = actionRank('drain-and-reset');

/** Sorted by name, one row for every name in any leg or expected. */
export function reconcile(input: PassInput): NodeFacts[] {
  const { inventory, telemetry, cluster } = input.observations;
  const legs = {
    inventory: byNode<InventoryRow>(inventory),
    telemetry: Map.groupBy(telemetry.rows, ({ node }) => node),
    cluster: byNode<ClusterRow>(cluster),
  };
  const context: Context = {
    input,
    ...legs,
    expected: new Set(input.state.expected),
    lemons: new Set(input.state.lemons),
    nowMs: Date.parse(input.now),
  };
  const names = new Set([
    ...legs.inventory.keys(),
    ...legs.telemetry.keys(),
    ...legs.cluster.keys(),
    ...input.state.expected,
  ]);
  return [...names].sort().map((node) => factsOf(node, context));
}

interface Context {
  readonly input: PassInput;
  readonly inventory: ReadonlyMap<string, InventoryRow>;
  readonly telemetry: ReadonlyMap<string, readonly TelemetryRow[]>;
  readonly cluster: ReadonlyMap<string, ClusterRow>;
  readonly expected: ReadonlySet<string>;
  readonly lemons: ReadonlySet<string>;
  readonly nowMs: number;
}

function byNode<Row extends { readonly node: string }>(observation: Observation<Row>): Map<string, Row> {
  return new Map(observation.rows.map((row) => [row.node, row]));
}

/** Which of several came first in the file says nothing. */
function newest(reports: readonly TelemetryRow[]): TelemetryRow | null {
  return reports.reduce<TelemetryRow | null>(
    (best, row) => (best === null || Date.parse(row.receivedAt) > Date.parse(best.receivedAt) ? row : best),
    null,
  );
}

function factsOf(node: string, context: Context): NodeFacts {
  const { input } = context;
  const inventory = context.inventory.get(node) ?? null;
  const reports = context.telemetry.get(node) ?? [];
  const telemetry = newest(reports);
  const cluster = context.cluster.get(node) ?? null;
  const { handsOff = null, ticket = null } = inventory ?? {};
  const inFlight = ofNode(input.state.inFlight, node)?.operation ?? null;
  const clusterState = clusterStateOf(cluster, inFlight);
  return {
    node,
    inventory,
    telemetry,
    cluster,
    place: inventory ?? ofNode(input.state.places, node),
    ...healthOf(node, reports, context),
    identity: identityOf(node, reports, inventory, context),
    clusterState,
    orphanMark: hasMark(cluster) && clusterState !== 'cordoned-by-us',
    expected: context.expected.has(node),
    managed: inventory?.lifecycle === 'in-service' || inventory?.lifecycle === 'in-repair',
    protectedBy: protectedBy(node, inventory, cluster, input),
    handsOff: handsOff !== null && !isOver(handsOff.until, context.nowMs),
    ticketedByUs: ticket?.by === TRIVET,
    ticketedByOthers: ticket !== null && ticket.by !== TRIVET,
    hold: holdOf(node, context),
    inFlight,
    lemon: context.lemons.has(node),
  };
}

/** Two agents under one name: whichever row came last, nobody can tell which node it is. */
function identityOf(
  node: string,
  reports: readonly TelemetryRow[],
  inventory: InventoryRow | null,
  context: Context,
): NodeFacts['identity'] {
  if (reports.length > 1) return 'mismatch';
  return compareIdentity(ofNode(context.input.state.identities, node), reports[0]?.hardware ?? null, inventory);
}

type Health = Pick<
  NodeFacts,
  | 'telemetryAgeSeconds'
  | 'freshness'
  | 'verdict'
  | 'hardFindings'
  | 'strongest'
  | 'urgency'
  | 'healthySince'
  | 'settled'
>;

function healthOf(node: string, rows: readonly TelemetryRow[], context: Context): Health {
  const { policy, state, now } = context.input;
  const row = newest(rows);
  const age = row === null ? null : ageSeconds(row.receivedAt, context.nowMs);
  const freshness = freshnessOf(age, policy.reportInterval.seconds);
  const nodeVerdict = verdictOf(rows, freshness, context.inventory.get(node) ?? null);
  // Of two agents under one name, either may be right: what any of them saw makes a suspect, whom identity then refuses.
  const open = rows.flatMap(({ findings }) => findings).filter((finding) => finding.state === 'open');
  const draining = open.filter((finding) => actionRank(finding.action) >= DRAINS);
  const healthySince = nodeVerdict === 'healthy' ? sinceOf(ofNode(state.healthySince, node), now) : null;
  return {
    telemetryAgeSeconds: age,
    freshness,
    verdict: nodeVerdict,
    hardFindings: draining.filter(isHard),
    strongest: strongest(open),
    urgency: mostUrgent(draining),
    healthySince,
    settled: healthySince !== null && ageSeconds(healthySince, context.nowMs) >= policy.healthyDelay.seconds,
  };
}

/** The start of something that lasts: an earlier one, unless it is in no past that we can read. */
function sinceOf(before: string | null, now: string): string {
  return before !== null && Date.parse(before) <= Date.parse(now) ? before : now;
}

/** Of an ISO time before `nowMs`. Infinite when nobody can tell: a time that cannot be read, or that has yet to come. */
export function ageSeconds(at: string, nowMs: number): number {
  if (at === NEVER_OBSERVED) return Infinity;
  const seconds = (nowMs - Date.parse(at)) / 1000;
  return seconds >= -CLOCK_SKEW_MAX_SECONDS ? Math.max(0, Math.floor(seconds)) : Infinity;
}

function freshnessOf(age: number | null, intervalSeconds: number): Freshness {
  if (age === null || age > SILENT_AFTER_SECONDS) return 'silent';
  return age > STALE_AFTER_INTERVALS * intervalSeconds ? 'stale' : 'reporting';
}

/** Healthy only when something that had to be read was, the agent says so too, and as many GPUs are there as should be. */
function verdictOf(rows: readonly TelemetryRow[], freshness: Freshness, inventory: InventoryRow | null): Verdict {
  const [row] = rows;
  if (row === undefined || freshness !== 'reporting' || rows.length > 1) return 'unknown';
  const read = verdict(row.findings, row.signals);
  if (read === 'unhealthy') return read;
  if (!row.signals.some(({ required }) => required)) return 'unknown';
  if (read !== 'healthy') return read;
  if (row.verdict !== 'healthy') return 'unknown';
  return hasOtherGpuCount(row, inventory) ? 'degraded' : 'healthy';
}

export function hasOtherGpuCount({ hardware }: TelemetryRow, inventory: InventoryRow | null): boolean {
  const expected = inventory?.gpus?.count ?? hardware.gpus.length;
  return hardware.gpus.length !== expected;
}

/** A step rests on what our own catalogue condemns as well: an agent of another version, or one that lies, drains nobody. */
function isHard({ strength, action, code }: Finding): boolean {
  const known = catalogueEntry(code);
  return [known, { strength, action }].every((it) => it.strength === 'hard' && actionRank(it.action) >= DRAINS);
}

export function mostUrgent(findings: readonly Finding[]): Urgency | null {
  return URGENCIES.find((urgency) => findings.some((finding) => finding.urgency === urgency)) ?? null;
}

function hasMark(cluster: ClusterRow | null): boolean {
  return (cluster?.cordon?.mark ?? null) !== null;
}

/** Ours only when cordoned, our mark is intact, and that very operation is open: anything else belongs to others. */
function clusterStateOf(cluster: ClusterRow | null, inFlight: string | null): ClusterState | null {
  if (cluster === null) return null;
  if (cluster.cordon !== null || !cluster.schedulable) {
    const ours = inFlight !== null && cluster.cordon?.mark === inFlight;
    return ours ? 'cordoned-by-us' : 'cordoned-by-others';
  }
  return cluster.ready ? 'in-service' : 'down';
}

function protectedBy(
  node: string,
  inventory: InventoryRow | null,
  cluster: ClusterRow | null,
  { policy, ownHosts }: PassInput,
): string | null {
  if (inventory?.protected === true) return 'inventory';
  if (policy.protect.nodes.includes(node)) return 'policy';
  if (ownHosts.includes(node)) return 'own host';
  const label = cluster === null ? null : protectingLabel(cluster);
  return label === null ? null : `label ${label}`;
}

/** Our own label protects unless it says `false`: whoever wrote `yes` meant it. */
function protectingLabel({ labels }: ClusterRow): string | null {
  if (Object.hasOwn(labels, PROTECTED_LABEL) && labels[PROTECTED_LABEL] !== 'false') return PROTECTED_LABEL;
  return PROTECTING_LABELS.find((name) => Object.hasOwn(labels, name)) ?? null;
}

/** How many nodes each leg protects. */
export function protectedCounts({ observations: { inventory, cluster } }: PassInput): ProtectedCounts {
  return {
    inventory: inventory.rows.filter((row) => row.protected).length,
    cluster: cluster.rows.filter((row) => protectingLabel(row) !== null).length,
  };
}

export function isOver(until: string | null, nowMs: number): boolean {
  return until !== null && Date.parse(until) <= nowMs;
}

function holdOf(node: string, context: Context): NodeFacts['hold'] {
  const hold = ofNode(context.input.state.holds, node);
  return hold === null || isOver(hold.until, context.nowMs) ? null : hold;
}
