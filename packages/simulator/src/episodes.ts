/**
 * What fails where, and when: a fault on one GPU of one node, from one pass on. Pure and without memory: the episodes that
 * matter at a pass follow from the seed and the pass number, so that a world can be looked at in any order.
 */
import { HARD_FAULTS, LASTING, NOISE, type Fault } from './faults.ts';
import type { SimulatedNode } from './fleet.ts';
import { STEP_MS } from './clock.ts';
import { randomOf, type Random } from './random.ts';

export interface Episode {
  readonly node: string;
  /** Index of the GPU in the node. */
  readonly gpu: number;
  readonly fault: Fault;
  /** First pass that sees it. */
  readonly from: number;
  /** People come, cordon the node and open a ticket; null: nobody comes. */
  readonly repairFrom: number | null;
  /** First pass that no longer sees it; null: it stays. */
  readonly until: number | null;
}

/** 2.4 GPU faults a node of eight GPUs in 1,000 days, published for H100 fleets of 16,000. */
const HARD_PER_NODE_DAY = 2.4 / 1000;
/** A demo shows minutes, not months: 64 nodes get about one new hard fault in 10 to 15 passes. */
const HARD_ACCELERATION = 300;
/** Job-made faults (13, 31, 43) are hundreds of times more frequent than a GPU off the bus. */
const SOFT_PER_NODE_DAY = 0.5;
const SOFT_ACCELERATION = 20;
/** About one node in twenty fails ten times as often as the rest. */
const LEMON_SHARE = 0.05;
const LEMON_FACTOR = 10;

const DAY_MS = 86_400_000;
/** Passes until people come, and until they are done: 20 minutes and 50, short of the 2 hours that are usual. */
const PEOPLE_COME_AFTER = 10;
const REPAIRED_AFTER = 25;
const SOFT_LASTS = 3;
/** The opening is spread over the first passes, so that each of them has something new. */
const OPENING_PASSES = 3;
/** A link error or a pending remap on one node in 32: two in a demo of 64, one of each. */
const NODES_A_LASTING_FAULT = 32;

/** Where a hard fault must not lead to a drain: each of these gets one while there are faults to give. */
const TEMPTING: readonly SimulatedNode['standing'][] = [
  'protected',
  'hands-off',
  'identity-changed',
  'foreign',
  'stale',
  'ticketed',
  'spare',
  'cordoned-by-others',
  'fewer-gpus',
  'repair-but-in-service',
];

export interface EpisodeOptions {
  readonly seed: number;
  /** Hard faults that open the world, on distinct nodes. */
  readonly hardFaults: number;
}

export function openingEpisodes(fleet: readonly SimulatedNode[], { seed, hardFaults }: EpisodeOptions): Episode[] {
  const hard = hardTargets(fleet, seed, hardFaults).map((node, index) =>
    episode(node, nth(HARD_FAULTS, index), {
      // A node that reports once has to fail at once, or nobody would ever hear of it.
      from: node.standing === 'stale' ? 1 : 1 + (index % OPENING_PASSES),
      random: randomOf(seed, 'opening', node.name),
    }),
  );
  const taken = new Set(hard.map(({ node }) => node));
  const rest = ordinary(fleet).filter(({ name }) => !taken.has(name));
  const lasting = randomOf(seed, 'opening-lasting')
    .shuffle(rest)
    .slice(0, Math.ceil(fleet.length / NODES_A_LASTING_FAULT))
    .map((node, index) => {
      const random = randomOf(seed, 'opening', node.name);
      return { ...episode(node, nth(LASTING, index), { from: 1, random }), until: null };
    });
  return [...hard, ...lasting];
}

/** Episodes that begin at `pass`, by chance. Real agents' GPUs are spared: a repair inside this process proves nothing. */
export function chanceEpisodes(fleet: readonly SimulatedNode[], seed: number, pass: number): Episode[] {
  const days = STEP_MS / DAY_MS;
  return ordinary(fleet)
    .filter(({ realAgent }) => !realAgent)
    .flatMap((node) => {
      const random = randomOf(seed, 'chance', node.name, pass);
      const lemon = randomOf(seed, 'lemon', node.name).next() < LEMON_SHARE ? LEMON_FACTOR : 1;
      const hard = random.next() < HARD_PER_NODE_DAY * HARD_ACCELERATION * lemon * days;
      const soft = random.next() < SOFT_PER_NODE_DAY * SOFT_ACCELERATION * days;
      return [
        ...(hard ? [episode(node, weighted(random, HARD_FAULTS), { from: pass, random })] : []),
        ...(soft ? [episode(node, weighted(random, NOISE), { from: pass, random })] : []),
      ];
    });
}

/** The passes before `pass` whose chances can still be felt at it. */
export const CHANCE_WINDOW = REPAIRED_AFTER;

export function isOpen({ from, until }: Episode, pass: number): boolean {
  return from <= pass && (until === null || pass < until);
}

export function isInRepair(found: Episode, pass: number): boolean {
  return found.repairFrom !== null && found.repairFrom <= pass && isOpen(found, pass);
}

/** Half of them on nodes where a drain would be wrong, the rest on ordinary nodes, one a rack before the second in any. */
function hardTargets(fleet: readonly SimulatedNode[], seed: number, count: number): SimulatedNode[] {
  const random = randomOf(seed, 'opening-hard');
  const shuffled = random.shuffle(fleet);
  const tempting = TEMPTING.flatMap((standing) => shuffled.filter((node) => node.standing === standing).slice(0, 1));
  const first = tempting.slice(0, Math.floor(count / 2));
  return [...first, ...spread(ordinary(shuffled)).slice(0, count - first.length)];
}

/** Nodes in an order that takes one from each rack, then the second of each, and so on. */
function spread(nodes: readonly SimulatedNode[]): SimulatedNode[] {
  const taken = new Map<string, number>();
  const turns = nodes.map((node) => {
    const turn = taken.get(node.rack) ?? 0;
    taken.set(node.rack, turn + 1);
    return { node, turn };
  });
  return turns.toSorted((a, b) => a.turn - b.turn).map(({ node }) => node);
}

function ordinary(fleet: readonly SimulatedNode[]): SimulatedNode[] {
  return fleet.filter(({ standing }) => standing === 'ordinary');
}

function episode(node: SimulatedNode, fault: Fault, at: { readonly from: number; readonly random: Random }): Episode {
  const { from, random } = at;
  const common = { node: node.name, gpu: random.int(node.hardware.gpus.length - 1), fault, from };
  if (!fault.hard) return { ...common, repairFrom: null, until: from + SOFT_LASTS };
  if (node.standing !== 'ordinary' || node.realAgent) return { ...common, repairFrom: null, until: null };
  return { ...common, repairFrom: from + PEOPLE_COME_AFTER, until: from + REPAIRED_AFTER };
}

function weighted(random: Random, faults: readonly Fault[]): Fault {
  let at = random.next() * faults.reduce((sum, { weight }) => sum + weight, 0);
  return faults.find(({ weight }) => (at -= weight) < 0) ?? random.pick(faults);
}

function nth(faults: readonly Fault[], index: number): Fault {
  const fault = faults[index % faults.length];
  if (fault === undefined) throw new RangeError('no faults to choose from');
  return fault;
}
