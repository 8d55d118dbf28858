/**
 * A second opinion on a pass, from the observations alone: loops over rows, no sets, nothing of the core's. It remembers
 * what a pass must remember (who was ever in service, which hardware was seen first), and says everything that is wrong.
 */
import type { Hardware } from '@trivet/shared/model/node.ts';
import type { ClusterRow, InventoryRow, TelemetryRow } from '@trivet/shared/model/observation.ts';
import { REFUSAL_CODES } from '@trivet/shared/model/plan.ts';

export interface OracleRules {
  readonly budgetBasisPoints: number;
  readonly budgetFloor: number;
  readonly budgetCeiling: number;
  readonly minimumHealthy: number;
  readonly rackMax: number;
  /** Nodes on hold. */
  readonly held: ReadonlySet<string>;
}

export interface Told {
  readonly at: Date;
  readonly inventory: readonly InventoryRow[];
  readonly telemetry: readonly TelemetryRow[];
  readonly cluster: readonly ClusterRow[];
}

export interface Decided {
  readonly planned: readonly string[];
  /** Rows of refusals.tsv, split at tabs. */
  readonly refusals: readonly (readonly string[])[];
}

export interface Judgement {
  readonly problems: readonly string[];
  readonly suspects: readonly string[];
  /** Suspects that must not be acted on, by the reason. */
  readonly tempting: ReadonlyMap<string, readonly string[]>;
  readonly budget: number;
}

const STALE_AFTER_MS = 180_000;
const DRAINING_ACTIONS = ['drain-and-reset', 'drain-and-reboot', 'drain-and-replace'];
/** Codes that say "a limit is used up": they are worth nothing without the numbers. */
const WITH_NUMBERS = ['budget', 'domain', 'rate', 'pool', 'group', 'in-flight-limit'];

interface Row {
  readonly node: string;
  readonly inventory: InventoryRow | undefined;
  readonly telemetry: TelemetryRow | undefined;
  readonly cluster: ClusterRow | undefined;
  readonly expected: boolean;
  readonly first: Hardware | undefined;
}

export function createOracle(rules: OracleRules): (told: Told, decided: Decided) => Judgement {
  const everInService = new Set<string>();
  const firstSeen = new Map<string, Hardware>();
  return (told, decided) => {
    const rows = remember(told, everInService, firstSeen);
    const suspects = rows.filter(isSuspect);
    const against = new Map(rows.map((row) => [row.node, reasonsAgainst(row, told.at, rules)]));
    const budget = budgetOf(rows, rules);
    return {
      problems: [
        ...accounted(suspects, decided),
        ...decided.planned.flatMap((node) =>
          (against.get(node) ?? ['in no leg']).map((why) => `${node} is planned, but ${why}`),
        ),
        ...limits(rows, told.at, { planned: decided.planned, budget, rackMax: rules.rackMax }),
        ...numbers(decided),
      ],
      suspects: suspects.map(({ node }) => node),
      tempting: tempting(suspects, against),
      budget,
    };
  };
}

function remember(told: Told, everInService: Set<string>, firstSeen: Map<string, Hardware>): Row[] {
  const names = new Set([...told.inventory, ...told.telemetry, ...told.cluster].map(({ node }) => node));
  for (const { node, lifecycle } of told.inventory) {
    if (lifecycle === 'in-service' || lifecycle === 'in-repair') everInService.add(node);
  }
  const find = <T extends { readonly node: string }>(rows: readonly T[]): ReadonlyMap<string, T> =>
    new Map(rows.map((row) => [row.node, row]));
  const [inventory, telemetry, cluster] = [find(told.inventory), find(told.telemetry), find(told.cluster)];
  const rows = [...names].map((node) => ({
    node,
    inventory: inventory.get(node),
    telemetry: telemetry.get(node),
    cluster: cluster.get(node),
    expected: everInService.has(node),
    first: firstSeen.get(node),
  }));
  for (const { node, hardware } of told.telemetry) if (!firstSeen.has(node)) firstSeen.set(node, hardware);
  return rows;
}

function isSuspect({ inventory, telemetry }: Row): boolean {
  const hard = telemetry?.findings.some(
    ({ state, strength, action }) => state === 'open' && strength === 'hard' && DRAINING_ACTIONS.includes(action),
  );
  return hard === true || inventory?.drainRequested === true;
}

function reasonsAgainst(row: Row, at: Date, rules: OracleRules): string[] {
  const { inventory, telemetry, cluster, first } = row;
  const reasons: [boolean, string][] = [
    [inventory === undefined, 'foreign: in no inventory'],
    [cluster === undefined, 'not in the cluster'],
    [inventory !== undefined && inventory.lifecycle !== 'in-service', `lifecycle ${inventory?.lifecycle}`],
    [inventory?.protected === true, 'protected'],
    [(inventory?.handsOff ?? null) !== null, 'hands-off'],
    [(inventory?.ticket ?? null) !== null, 'ticketed by others'],
    [(cluster?.cordon ?? null) !== null, 'cordoned by others'],
    [cluster?.ready === false, 'not ready'],
    [!isFresh(telemetry, at), 'stale or silent'],
    [isOther(telemetry?.hardware, first, inventory), 'of another identity'],
    [rules.held.has(row.node), 'on hold'],
  ];
  return reasons.filter(([holds]) => holds).map(([, reason]) => reason);
}

function isFresh(row: TelemetryRow | undefined, at: Date): boolean {
  return row !== undefined && at.getTime() - Date.parse(row.receivedAt) <= STALE_AFTER_MS;
}

function isOther(now: Hardware | undefined, first: Hardware | undefined, inventory: InventoryRow | undefined): boolean {
  if (now === undefined) return false;
  const listed = inventory?.serial ?? now.serial;
  if (now.serial !== null && listed !== now.serial) return true;
  return first !== undefined && now.gpus.some(({ uuid }) => !first.gpus.some((gpu) => gpu.uuid === uuid));
}

function isOut({ expected, inventory, cluster }: Row): boolean {
  if (!expected) return false;
  if (inventory === undefined || cluster === undefined) return true;
  if (inventory.lifecycle === 'spare' || inventory.lifecycle === 'decommissioned') return false;
  return inventory.lifecycle === 'in-repair' || cluster.cordon !== null || !cluster.schedulable || !cluster.ready;
}

function isDoubtful({ expected, telemetry }: Row, at: Date): boolean {
  if (!expected) return false;
  const unsure = telemetry?.signals.some(({ required, state }) => required && state !== 'ok');
  return !isFresh(telemetry, at) || unsure === true;
}

function budgetOf(rows: readonly Row[], rules: OracleRules): number {
  const counted = rows.filter(
    ({ expected, inventory }) => expected && inventory?.protected !== true && (inventory?.handsOff ?? null) === null,
  ).length;
  const share = Math.floor((counted * rules.budgetBasisPoints) / 10_000);
  const wanted = rules.budgetBasisPoints === 0 ? 0 : Math.max(rules.budgetFloor, share);
  return Math.max(0, Math.min(rules.budgetCeiling, counted - Math.max(1, rules.minimumHealthy), wanted));
}

function accounted(suspects: readonly Row[], { planned, refusals }: Decided): string[] {
  const answered = new Set([...planned, ...refusals.map(([node]) => node)]);
  const both = planned.filter((node) => refusals.some(([refused]) => refused === node));
  const strangers = planned.filter((node) => !suspects.some((row) => row.node === node));
  return [
    ...suspects.filter((row) => !answered.has(row.node) && !isOut(row)).map(({ node }) => `${node} vanished`),
    ...both.map((node) => `${node} is planned and refused`),
    ...strangers.map((node) => `${node} is planned and not suspect`),
  ];
}

function limits(
  rows: readonly Row[],
  at: Date,
  { planned, budget, rackMax }: { planned: readonly string[]; budget: number; rackMax: number },
): string[] {
  const gone = rows.filter((row) => isOut(row) || isDoubtful(row, at) || planned.includes(row.node));
  const rackOf = ({ inventory }: Row): string => inventory?.domains.rack ?? '';
  const touched = new Set(rows.filter(({ node }) => planned.includes(node)).map(rackOf));
  const problems = [...touched].flatMap((rack) => {
    const count = gone.filter((row) => rackOf(row) === rack).length;
    return count > rackMax ? [`${rack}: ${count} nodes gone with the plan, at most ${rackMax}`] : [];
  });
  if (planned.length > 0 && gone.length > budget) problems.push(`${gone.length} nodes gone, budget ${budget}`);
  if (new Set(planned).size !== planned.length) problems.push('a node is planned twice');
  return problems;
}

function numbers({ refusals }: Decided): string[] {
  return refusals.flatMap(([node = '', code = '', limit = '', current = '', needed = '', , text = '']) => {
    if (!REFUSAL_CODES.some((known) => known === code)) return [`${node}: unknown code ${code}`];
    if (text.length < 10) return [`${node}: ${code} says nothing: ${text}`];
    const complete = [limit, current, needed].every((value) => /^\d+$/.test(value));
    return WITH_NUMBERS.includes(code) && !complete ? [`${node}: ${code} without numbers`] : [];
  });
}

function tempting(suspects: readonly Row[], against: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const byReason = new Map<string, string[]>();
  for (const { node } of suspects) {
    for (const reason of against.get(node) ?? []) byReason.set(reason, [...(byReason.get(reason) ?? []), node]);
  }
  return byReason;
}
