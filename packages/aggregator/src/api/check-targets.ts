/** Which nodes a check is to run on, and under which name the agent of each is connected. */
import { z } from 'zod';
import { NODE_NAME, NODE_NAME_RULE } from '@trivet/shared/protocol/limits.ts';
import { TrivetError } from '../errors.ts';
import { shortName } from '../legs/short-names.ts';
import { readSet } from '../passes/index.ts';
import type { ApiContext } from './context.ts';

/** More are named as a set or as `all`. With the longest names this makes a body of 1.3 MB. */
export const NODES_NAMED_MAX = 5_000;

/** A set has a slash in its name, a node has none. */
const set = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}\/[a-z0-9][a-z0-9-]{0,63}$/);
const list = z.array(z.string().regex(NODE_NAME)).min(1).max(NODES_NAMED_MAX);
export const targetNodes = z.union(
  [z.literal('all'), set, list],
  `is not "all", a set such as "derived/suspect", or a list of 1 to ${NODES_NAMED_MAX} node names (${NODE_NAME_RULE})`,
);
export type TargetNodes = z.infer<typeof targetNodes>;

export interface Target {
  /** As it was asked for. */
  readonly node: string;
  /** Names of agents that it may mean: one, unless two agents have become one name without their domains. */
  readonly agents: readonly string[];
}

type Known = Pick<ApiContext, 'passesDir' | 'cluster' | 'latest' | 'receiver' | 'stripDomains'>;

/** Each node once. `all`: every node that ever reported here or is connected now; one that is silent is not passed over. */
export async function targetsOf(known: Known, nodes: TargetNodes): Promise<Target[]> {
  const names = typeof nodes === 'string' ? await namesOf(known, nodes) : nodes;
  const agentsOf = new Map<string, string[]>();
  for (const agent of agentNames(known)) {
    const short = shortName(agent, known.stripDomains);
    if (short !== agent) agentsOf.set(short, [...(agentsOf.get(short) ?? []), agent]);
  }
  return [...new Set(names)].map((node) => {
    const isConnected = known.receiver.connection(node) !== undefined;
    return { node, agents: isConnected ? [node] : (agentsOf.get(node) ?? [node]) };
  });
}

async function namesOf(known: Known, nodes: string): Promise<readonly string[]> {
  if (nodes === 'all') return agentNames(known);
  const members = await readSet(known.passesDir, known.cluster, 'latest', nodes);
  if (members !== null) return members;
  throw new TrivetError('set.unknown', `the last pass has no set ${nodes}: GET /v1/passes/latest/sets lists them`);
}

function agentNames({ latest, receiver }: Known): string[] {
  const connected = [...receiver.connections()].flatMap(({ hello }) => (hello === null ? [] : [hello.node]));
  return [...new Set([...latest.nodes(), ...connected])].sort();
}
