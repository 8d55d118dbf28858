/**
 * A seeded world: for each pass, what the inventory says, what the cluster says, and what every node's agent would say.
 * Pure and without memory: the frame of pass k is a function of the seed, the number of nodes and k.
 */
import type { ClusterRow, Cordon, InventoryRow, Ticket, Work } from '@trivet/shared/model/observation.ts';
import type { Hardware } from '@trivet/shared/model/node.ts';
import { passTime } from './clock.ts';
import { CHANCE_WINDOW, chanceEpisodes, isInRepair, isOpen, openingEpisodes, type Episode } from './episodes.ts';
import type { Fault } from './faults.ts';
import { buildFleet, hardwareAt, hasAgent, reportsAt, type SimulatedNode } from './fleet.ts';
import { placeJobs } from './jobs.ts';

export interface WorldOptions {
  readonly nodes: number;
  readonly seed: number;
  /** Hard faults that open the world; without it one node in eight has one, so that a small demo has something to show. */
  readonly hardFaults?: number;
}

export interface World {
  readonly fleet: readonly SimulatedNode[];
  frame(pass: number): Frame;
}

export interface Frame {
  readonly pass: number;
  readonly at: Date;
  readonly inventory: readonly InventoryRow[];
  readonly cluster: readonly ClusterRow[];
  /** Every node that has an agent, whether or not that agent reports in this pass. */
  readonly agents: readonly AgentView[];
}

/** What an agent finds on its node. */
export interface AgentView {
  readonly node: string;
  readonly bootId: string;
  readonly hardware: Hardware;
  readonly faults: readonly OpenFault[];
  /** Delivers a report for this pass: it is waited for. */
  readonly reports: boolean;
  readonly realAgent: boolean;
}

export interface OpenFault {
  readonly fault: Fault;
  readonly gpu: number;
  readonly since: Date;
}

const NODES_A_HARD_FAULT = 8;
/** People who keep nodes for themselves; a ticket of theirs is not ours. */
const OPERATOR = 'alice';
const REPAIR_TEAM = 'dc-ops';

export function createWorld({ nodes, seed, hardFaults }: WorldOptions): World {
  const fleet = buildFleet(seed, nodes);
  const count = hardFaults ?? Math.ceil(nodes / NODES_A_HARD_FAULT);
  const opening = openingEpisodes(fleet, { seed, hardFaults: count });
  return {
    fleet,
    frame: (pass) => frameOf(fleet, episodesAt(fleet, opening, { seed, pass }), { seed, pass }),
  };
}

interface Moment {
  readonly seed: number;
  readonly pass: number;
}

/** Those open at the pass, by node. Chance begins with the second pass: the opening has the first to itself. */
function episodesAt(
  fleet: readonly SimulatedNode[],
  opening: readonly Episode[],
  { seed, pass }: Moment,
): ReadonlyMap<string, Episode[]> {
  const first = Math.max(2, pass - CHANCE_WINDOW);
  const chances = Array.from({ length: Math.max(0, pass - first + 1) }, (_, index) =>
    chanceEpisodes(fleet, seed, first + index),
  );
  return Map.groupBy(
    [...opening, ...chances.flat()].filter((episode) => isOpen(episode, pass)),
    ({ node }) => node,
  );
}

function frameOf(
  fleet: readonly SimulatedNode[],
  episodes: ReadonlyMap<string, Episode[]>,
  { seed, pass }: Moment,
): Frame {
  const nodes = fleet.map((node) => stateOf(node, episodes.get(node.name) ?? [], pass));
  const free = nodes.filter(({ cordon, ready }) => cordon === null && ready).map(({ node }) => node);
  const jobs = placeJobs(free, seed, pass);
  return {
    pass,
    at: passTime(pass),
    inventory: nodes.filter(({ node }) => node.standing !== 'foreign').map(inventoryRow),
    cluster: nodes.filter(isInCluster).map((state) => clusterRow(state, jobs.get(state.node.name) ?? [])),
    agents: nodes.filter(({ node }) => hasAgent(node)).map((state) => agentView(state, pass)),
  };
}

interface NodeState {
  readonly node: SimulatedNode;
  readonly episodes: readonly Episode[];
  /** People have it in repair because of an episode. */
  readonly repairedBy: Episode | null;
  readonly cordon: Cordon | null;
  readonly ready: boolean;
}

function stateOf(node: SimulatedNode, episodes: readonly Episode[], pass: number): NodeState {
  const repairedBy = episodes.find((episode) => isInRepair(episode, pass)) ?? null;
  return { node, episodes, repairedBy, cordon: cordonOf(node, repairedBy), ready: node.standing !== 'in-repair' };
}

function cordonOf(node: SimulatedNode, repairedBy: Episode | null): Cordon | null {
  if (repairedBy !== null) return cordonBy(REPAIR_TEAM, passTime(repairedBy.repairFrom ?? 0));
  if (node.standing === 'in-repair') return cordonBy(REPAIR_TEAM, passTime(0));
  const kept = node.standing === 'cordoned-by-others' || node.standing === 'drained-by-others';
  return kept ? cordonBy(OPERATOR, passTime(0)) : null;
}

function cordonBy(who: string, since: Date): Cordon {
  return { by: 'others', who, since: since.toISOString(), mark: null };
}

function isInCluster({ node }: NodeState): boolean {
  return !['planned', 'decommissioned', 'inventory-only'].includes(node.standing);
}

function inventoryRow(state: NodeState): InventoryRow {
  const { node } = state;
  return {
    node: node.name,
    lifecycle: lifecycleOf(state),
    pool: node.pool,
    role: 'gpu',
    protected: node.standing === 'protected',
    handsOff: node.standing === 'hands-off' ? { until: null, by: OPERATOR, why: 'benchmark in progress' } : null,
    drainRequested: node.standing === 'drain-requested',
    ticket: ticketOf(state),
    serial: node.hardware.serial,
    gpus: { model: node.model, count: node.hardware.gpus.length },
    domains: { rack: node.rack, switch: node.switch, power: node.power },
    group: node.group,
  };
}

function lifecycleOf({ node, repairedBy }: NodeState): InventoryRow['lifecycle'] {
  if (repairedBy !== null || node.standing === 'repair-but-in-service') return 'in-repair';
  switch (node.standing) {
    case 'in-repair':
    case 'spare':
    case 'planned':
    case 'decommissioned':
      return node.standing;
    default:
      return 'in-service';
  }
}

function ticketOf({ node, repairedBy }: NodeState): Ticket | null {
  const ticketed = repairedBy !== null || node.standing === 'in-repair' || node.standing === 'ticketed';
  return ticketed ? { id: `DC-${node.uid.slice(0, 4)}`, by: REPAIR_TEAM, url: null } : null;
}

function clusterRow({ node, cordon, ready, repairedBy }: NodeState, work: readonly Work[]): ClusterRow {
  const stillBusy = node.standing === 'cordoned-by-others' && repairedBy === null;
  const left: readonly Work[] = stillBusy ? [leftOver(node)] : [];
  return {
    node: node.name,
    uid: node.uid,
    ready,
    schedulable: cordon === null,
    cordon,
    drained: cordon !== null && left.length === 0,
    work: cordon === null ? work : left,
    allocatableGpus: node.hardware.gpus.length,
    labels: { 'topology.kubernetes.io/rack': node.rack, 'trivet.dev/pool': node.pool },
    reason: null,
  };
}

/** What ran there when the node was cordoned, and has not ended yet. */
function leftOver(node: SimulatedNode): Work {
  return { id: `long-${node.name}`, kind: 'pod', gang: null, gpus: 4, class: 'owned', protectedBy: [] };
}

function agentView({ node, episodes }: NodeState, pass: number): AgentView {
  return {
    node: node.name,
    bootId: node.bootId,
    hardware: hardwareAt(node, pass),
    faults: episodes.map(({ fault, gpu, from }) => ({ fault, gpu, since: passTime(from) })),
    reports: reportsAt(node, pass),
    realAgent: node.realAgent,
  };
}
