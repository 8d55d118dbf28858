/**
 * What runs on the fleet: gangs over several nodes in the training pool, replicas in the serving pool, single jobs in the
 * research pool. Pure; placed anew every few passes, as jobs end and others begin.
 */
import type { Work } from '@trivet/shared/model/observation.ts';
import type { SimulatedNode } from './fleet.ts';
import { randomOf, type Random } from './random.ts';

/** 20 minutes of the world: short jobs, so that a demo of some minutes sees them change. */
const JOB_LASTS_PASSES = 10;
/** Nodes a training job takes, as often as listed. */
const GANG_SIZES = [8, 4, 4, 2, 2, 1] as const;

/** Work by node; `free` are the nodes that the scheduler may place work on. */
export function placeJobs(free: readonly SimulatedNode[], seed: number, pass: number): ReadonlyMap<string, Work[]> {
  const epoch = Math.floor(pass / JOB_LASTS_PASSES);
  const random = randomOf(seed, 'jobs', epoch);
  const busy = free.filter((node) => randomOf(seed, 'busy', epoch, node.name).next() < node.busyShare);
  return new Map([
    ...gangs(random, busy, epoch),
    ...busy.filter(({ pool }) => pool === 'infer').map((node): [string, Work[]] => [node.name, [replica(node)]]),
    ...busy
      .filter(({ pool }) => pool === 'research')
      .map((node): [string, Work[]] => [node.name, [single(node, epoch)]]),
  ]);
}

function gangs(random: Random, busy: readonly SimulatedNode[], epoch: number): [string, Work[]][] {
  const waiting = random.shuffle(busy.filter(({ pool }) => pool === 'train'));
  const placed: [string, Work[]][] = [];
  for (let job = 1; waiting.length > 0; job += 1) {
    const gang = `train-${epoch}-${job}`;
    const members = waiting.splice(0, random.pick(GANG_SIZES));
    for (const [rank, node] of members.entries()) {
      placed.push([node.name, [pod(`${gang}-${rank}`, { gang, gpus: node.hardware.gpus.length, protectedBy: [] })]]);
    }
  }
  return placed;
}

function replica(node: SimulatedNode): Work {
  const set = node.group ?? node.name;
  return pod(`${set}-${node.name}`, { gang: null, gpus: node.hardware.gpus.length, protectedBy: [`${set}-pdb`] });
}

function single(node: SimulatedNode, epoch: number): Work {
  return pod(`notebook-${epoch}-${node.name}`, { gang: null, gpus: 2, protectedBy: [] });
}

function pod(id: string, rest: Pick<Work, 'gang' | 'gpus' | 'protectedBy'>): Work {
  return { id, kind: 'pod', class: 'owned', ...rest };
}
