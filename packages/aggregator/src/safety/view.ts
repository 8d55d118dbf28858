/**
 * The fleet as safety sees it: read from the observations once more, by code that shares nothing with the planner, so that
 * a mistake there is not repeated here. Deliberately plain: a map for each question, no algebra.
 */
import { catalogueEntry } from '@trivet/shared/health/catalogue/index.ts';
import { verdict } from '@trivet/shared/health/verdict.ts';
import { actionRank, type Finding } from '@trivet/shared/model/finding.ts';
import type { ClusterRow, InventoryRow, Leg, TelemetryRow } from '@trivet/shared/model/observation.ts';
import type { Plan, Refusal } from '@trivet/shared/model/plan.ts';
import type { PassInput } from '../core/facts.ts';
import { ofNode } from '../core/state.ts';
import { CLOCK_SKEW_MAX_SECONDS, COMPLETE_MIN_PERCENT } from './constants.ts';

/** What an invariant is asked about. */
export interface Subject {
  readonly plan: Plan;
  readonly refusals: readonly Refusal[];
  readonly input: PassInput;
  readonly view: FleetView;
}

export interface Broken {
  /** `I-7`, as numbered in docs/safety.md. */
  readonly invariant: string;
  /** Null: about the plan as a whole. */
  readonly node: string | null;
  readonly text: string;
}

export type Invariant = (subject: Subject) => readonly Broken[];

export interface FleetView {
  readonly inventory: ReadonlyMap<string, readonly InventoryRow[]>;
  readonly telemetry: ReadonlyMap<string, readonly TelemetryRow[]>;
  readonly cluster: ReadonlyMap<string, readonly ClusterRow[]>;
  readonly expected: ReadonlySet<string>;
  /** Of E: taken out of service by anybody, or by nobody knows what. */
  readonly out: ReadonlySet<string>;
  /** Of E: in service as far as the cluster knows, but telemetry cannot vouch for it. */
  readonly doubtful: ReadonlySet<string>;
  /** By a leg, by policy, or because we run there. */
  readonly protectedNodes: ReadonlySet<string>;
  readonly protectedByLeg: { readonly [leg in 'inventory' | 'cluster']: readonly string[] };
}

const THREE_INTERVALS = 3;

export function viewFleet(input: PassInput): FleetView {
  const { observations } = input;
  const maps = {
    inventory: Map.groupBy(observations.inventory.rows, ({ node }) => node),
    telemetry: Map.groupBy(observations.telemetry.rows, ({ node }) => node),
    cluster: Map.groupBy(observations.cluster.rows, ({ node }) => node),
  };
  const expected = expectedNodes(input);
  const out = new Set([...expected].filter((node) => isOut(node, maps, input)));
  const doubtful = new Set(
    [...expected].filter((node) => !out.has(node) && isDoubtful(maps.telemetry.get(node), input)),
  );
  const byLeg = protectedByLeg(input);
  const { protect } = input.policy;
  const protectedNodes = new Set([...byLeg.inventory, ...byLeg.cluster, ...protect.nodes, ...input.ownHosts]);
  return { ...maps, expected, out, doubtful, protectedNodes, protectedByLeg: byLeg };
}

/** The time between an ISO time and the pass; infinite when either cannot be read, or it lies after the pass. */
export function secondsBefore(input: PassInput, at: string): number {
  const seconds = (Date.parse(input.now) - Date.parse(at)) / 1000;
  if (Number.isNaN(seconds) || seconds < -CLOCK_SKEW_MAX_SECONDS) return Infinity;
  return Math.floor(Math.max(0, seconds));
}

export function telemetryLimitSeconds(input: PassInput): number {
  return THREE_INTERVALS * input.policy.reportInterval.seconds;
}

/** Open findings that call for taking the node out, and that may stand alone: so say both the agent and our catalogue. */
export function condemning(row: TelemetryRow | undefined): Finding[] {
  return (row?.findings ?? []).filter(
    (finding) => finding.state === 'open' && takesOut(finding) && takesOut(catalogueEntry(finding.code)),
  );
}

function takesOut({ strength, action }: Pick<Finding, 'strength' | 'action'>): boolean {
  return strength === 'hard' && actionRank(action) >= actionRank('drain-and-reset');
}

/** Complete, without errors, of this cluster, young enough, and each name once; of inventory also no shorter than it was. */
export function isUsable(leg: Leg, input: PassInput): boolean {
  const { complete, errors, observedAt, cluster, rows } = input.observations[leg];
  if (!complete || errors.length > 0 || cluster !== input.cluster) return false;
  if (secondsBefore(input, observedAt) > input.policy.legMaxAge[`${leg}Seconds`]) return false;
  if (leg === 'telemetry') return true;
  if (leg === 'inventory' && hasShrunk(input)) return false;
  return new Set(rows.map(({ node }) => node)).size === rows.length;
}

export function hasShrunk({ observations, state }: PassInput): boolean {
  return observations.inventory.rows.length * 100 < state.inventoryHighWater * COMPLETE_MIN_PERCENT;
}

function expectedNodes(input: PassInput): Set<string> {
  const { state, observations } = input;
  const expected = new Set(state.expected);
  if (!isUsable('inventory', input)) return expected;
  for (const row of observations.inventory.rows) {
    if (row.lifecycle === 'in-service' || row.lifecycle === 'in-repair') expected.add(row.node);
    if (row.lifecycle === 'spare' || row.lifecycle === 'decommissioned') expected.delete(row.node);
  }
  return expected;
}

function isOut(node: string, maps: Pick<FleetView, 'inventory' | 'cluster'>, input: PassInput): boolean {
  const rows = maps.inventory.get(node) ?? [];
  const cluster = maps.cluster.get(node) ?? [];
  if (rows.length === 0 || cluster.length === 0) return true;
  if (rows.some(({ lifecycle }) => lifecycle === 'in-repair')) return true;
  if (ofNode(input.state.inFlight, node) !== null) return true;
  return cluster.some(({ ready, schedulable, cordon }) => !ready || !schedulable || cordon !== null);
}

function isDoubtful(rows: readonly TelemetryRow[] | undefined, input: PassInput): boolean {
  const [row] = rows ?? [];
  if (row === undefined || (rows?.length ?? 0) > 1) return true;
  if (secondsBefore(input, row.receivedAt) > telemetryLimitSeconds(input)) return true;
  const read = verdict(row.findings, row.signals);
  const senses = row.signals.filter(({ required }) => required).length;
  if (read === 'unhealthy') return false;
  return read === 'unknown' || senses === 0 || (read === 'healthy' && row.verdict !== 'healthy');
}

function isLabelled({ labels }: ClusterRow): boolean {
  return Object.entries(labels).some(
    ([label, value]) =>
      (label === 'trivet.dev/protected' && value !== 'false') ||
      /^node-role\.kubernetes\.io\/(control-plane|master)$/.test(label),
  );
}

function protectedByLeg({ observations }: PassInput): FleetView['protectedByLeg'] {
  const inventory = observations.inventory.rows.filter((row) => row.protected);
  const cluster = observations.cluster.rows.filter(isLabelled);
  return { inventory: inventory.map(({ node }) => node), cluster: cluster.map(({ node }) => node) };
}
