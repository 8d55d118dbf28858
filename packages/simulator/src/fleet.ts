/**
 * The fleet of a simulated world: its nodes, where they are racked, what they are made of, and how each one stands, which
 * is what makes a fleet hard to decide about. Pure: all of it follows from the seed and the number of nodes.
 */
import type { GpuIdentity, Hardware } from '@trivet/shared/model/node.ts';
import { randomOf, type Random } from './random.ts';

/** How a node stands before anything fails on it, and how many of 64 nodes stand so; the rest are ordinary. */
export const STANDINGS = [
  // Somebody keeps jobs away from it, and jobs still run there.
  { name: 'cordoned-by-others', of64: 1 },
  { name: 'drained-by-others', of64: 1 },
  // In repair with somebody's ticket, not ready, nothing heard from it.
  { name: 'in-repair', of64: 1 },
  // In repair by the inventory, serving by the cluster.
  { name: 'repair-but-in-service', of64: 1 },
  { name: 'ticketed', of64: 1 },
  { name: 'spare', of64: 2 },
  { name: 'planned', of64: 1 },
  { name: 'decommissioned', of64: 1 },
  { name: 'protected', of64: 2 },
  { name: 'hands-off', of64: 2 },
  { name: 'drain-requested', of64: 1 },
  // In the cluster and in no inventory.
  { name: 'foreign', of64: 1 },
  // In service by the inventory, unknown to the cluster.
  { name: 'inventory-only', of64: 1 },
  // Its agent never says a word.
  { name: 'silent', of64: 1 },
  // Its agent reports once and then only beats.
  { name: 'stale', of64: 1 },
  // One GPU fewer than the inventory says.
  { name: 'fewer-gpus', of64: 1 },
  // One GPU is exchanged between the first pass and the second.
  { name: 'identity-changed', of64: 1 },
] as const;
export type Standing = (typeof STANDINGS)[number]['name'] | 'ordinary';

const STANDINGS_SCALE = 64;
const NODES_A_RACK = 8;
const RACKS_A_SWITCH = 2;
const RACKS_A_POWER_FEED = 4;
const GPUS_A_NODE = 8;
/** Nodes that serve one model and must not go together. */
const NODES_A_REPLICA_GROUP = 3;

const POOLS = [
  { name: 'train', share: 0.625, model: 'NVIDIA H100 80GB HBM3', busy: 0.9 },
  { name: 'infer', share: 0.25, model: 'NVIDIA H100 80GB HBM3', busy: 1 },
  { name: 'research', share: 0.125, model: 'NVIDIA A100-SXM4-80GB', busy: 0.4 },
] as const;
export type PoolName = (typeof POOLS)[number]['name'];

/** Bus addresses of the eight SXM boards of one chassis, as HGX systems number them. */
const PCI_BUSES = ['1b', '43', '52', '61', '9d', 'c3', 'd1', 'df'] as const;

export interface SimulatedNode {
  readonly name: string;
  readonly pool: PoolName;
  /** Share of the pool's nodes that have work. */
  readonly busyShare: number;
  readonly rack: string;
  readonly switch: string;
  readonly power: string;
  readonly group: string | null;
  readonly standing: Standing;
  readonly uid: string;
  readonly bootId: string;
  readonly model: string;
  /** As it was racked; `hardwareAt` says what is in it later. */
  readonly hardware: Hardware;
  /** Runs the real agent over a fake nvidia-smi, instead of a simulated one. */
  readonly realAgent: boolean;
}

/** Nodes in name order. */
export function buildFleet(seed: number, nodes: number): SimulatedNode[] {
  const standings = placeStandings(seed, nodes);
  const racks = Math.ceil(nodes / NODES_A_RACK);
  const width = Math.max(2, String(racks).length);
  const fleet = Array.from({ length: nodes }, (_, index) => {
    const rack = Math.floor(index / NODES_A_RACK);
    const name = `gpu-r${String(rack + 1).padStart(width, '0')}-n${(index % NODES_A_RACK) + 1}`;
    return buildNode(name, rack, {
      random: randomOf(seed, 'node', name),
      pool: poolOf(rack / racks),
      standing: standings[index] ?? 'ordinary',
    });
  });
  const real = new Set(realAgents(seed, fleet));
  return grouped(fleet).map((node) => ({ ...node, realAgent: real.has(node.name) }));
}

/** What the node's agent finds in it at pass `pass`. */
export function hardwareAt(node: SimulatedNode, pass: number): Hardware {
  const { serial, gpus } = node.hardware;
  if (node.standing === 'fewer-gpus') return { serial, gpus: gpus.slice(0, -1) };
  if (node.standing !== 'identity-changed' || pass < 2) return node.hardware;
  const random = randomOf(0, 'exchanged', node.uid);
  return { serial, gpus: gpus.map((gpu, index) => (index === 3 ? exchanged(gpu, random) : gpu)) };
}

/** Standings of nodes from which nothing was ever heard. */
const WITHOUT_AGENT: readonly Standing[] = ['in-repair', 'planned', 'decommissioned', 'inventory-only', 'silent'];

export function hasAgent({ standing }: Pick<SimulatedNode, 'standing'>): boolean {
  return !WITHOUT_AGENT.includes(standing);
}

/** Whether its agent delivers a report for pass `pass`. */
export function reportsAt(node: Pick<SimulatedNode, 'standing'>, pass: number): boolean {
  return hasAgent(node) && (node.standing !== 'stale' || pass === 1);
}

/** A smaller fleet has fewer kinds of trouble, not a larger share of it: with too many nodes silent nothing may be decided. */
function placeStandings(seed: number, nodes: number): Standing[] {
  const troubled = STANDINGS.flatMap(({ name, of64 }) =>
    Array.from({ length: Math.floor((nodes * of64) / STANDINGS_SCALE) }, () => name),
  );
  const all = Array.from({ length: nodes }, (_, index): Standing => troubled[index] ?? 'ordinary');
  return randomOf(seed, 'standings').shuffle(all);
}

function poolOf(position: number): (typeof POOLS)[number] {
  let end = 0;
  return POOLS.find(({ share }) => position < (end += share)) ?? POOLS[0];
}

interface Making {
  readonly random: Random;
  readonly pool: (typeof POOLS)[number];
  readonly standing: Standing;
}

function buildNode(name: string, rack: number, { random, pool, standing }: Making): Omit<SimulatedNode, 'realAgent'> {
  const gpus = PCI_BUSES.slice(0, GPUS_A_NODE).map((bus) => ({
    uuid: `GPU-${uuid(random)}`,
    pciBusId: `0000:${bus}:00.0`,
    serial: gpuSerial(random),
    model: pool.model,
  }));
  return {
    name,
    pool: pool.name,
    busyShare: pool.busy,
    rack: `rack-${rack + 1}`,
    switch: `switch-${Math.floor(rack / RACKS_A_SWITCH) + 1}`,
    power: `feed-${Math.floor(rack / RACKS_A_POWER_FEED) + 1}`,
    group: null,
    standing,
    uid: uuid(random),
    bootId: uuid(random),
    model: pool.model,
    hardware: { serial: `SIM${random.hex(8).toUpperCase()}`, gpus },
  };
}

/** Replica groups of the serving pool: neighbours in the list of its nodes taken rack by rack, so that a group spans racks. */
function grouped<T extends { readonly pool: PoolName; readonly name: string }>(nodes: readonly T[]): T[] {
  const serving = nodes
    .filter(({ pool }) => pool === 'infer')
    .map(({ name }) => name)
    .toSorted((a, b) => (lastPart(a) < lastPart(b) ? -1 : 1));
  return nodes.map((node) => {
    const at = serving.indexOf(node.name);
    return at < 0 ? node : { ...node, group: `replicas-${Math.floor(at / NODES_A_REPLICA_GROUP) + 1}` };
  });
}

/** `n3/gpu-r07`: slot first, then rack. */
function lastPart(name: string): string {
  return name.split('-').toReversed().join('/');
}

/** A tenth of a thousand nodes. Each look starts a process for the fake tool: more would not deliver within a pass's deadline. */
const REAL_AGENTS_MAX = 100;

/** A tenth of those that go on reporting, and keep their hardware: a real agent would take its exchange for a new start. */
function realAgents(seed: number, fleet: readonly Omit<SimulatedNode, 'realAgent'>[]): string[] {
  const reporting = fleet.filter((node) => reportsAt(node, 2) && node.standing !== 'identity-changed');
  return randomOf(seed, 'real-agents')
    .shuffle(reporting.map(({ name }) => name))
    .slice(0, Math.min(REAL_AGENTS_MAX, Math.round(reporting.length / 10)));
}

function exchanged(gpu: GpuIdentity, random: Random): GpuIdentity {
  return { ...gpu, uuid: `GPU-${uuid(random)}`, serial: gpuSerial(random) };
}

function gpuSerial(random: Random): string {
  return `165${Array.from({ length: 10 }, () => random.int(10)).join('')}`;
}

function uuid(random: Random): string {
  return [8, 4, 4, 4, 12].map((digits) => random.hex(digits)).join('-');
}
