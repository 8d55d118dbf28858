/**
 * The demo: a seeded world, its agents, and the real aggregator over both, pass by pass. The same seed and number of nodes
 * give the same sets, byte for byte, because the aggregator reads the world's clock and a pass waits for every delivery.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAggregator, type AggregatorConfig, type RunningAggregator } from '@trivet/aggregator/aggregator.ts';
import { TrivetError, messageOf } from '@trivet/aggregator/errors.ts';
import { createLog } from '@trivet/aggregator/log.ts';
import type { PassOutcome } from '@trivet/aggregator/passes/index.ts';
import { DEFAULT_RETENTION } from '@trivet/aggregator/store/index.ts';
import { worldClock, type WorldClock } from './clock.ts';
import { untilDelivered } from './delivery.ts';
import { worldLegs } from './legs.ts';
import type { NodeAgent } from './node-agent.ts';
import { DEMO_POLICY } from './policy.ts';
import { startRealAgent } from './real-agent.ts';
import { simulatedAgent } from './simulated-agent.ts';
import { createWorld, type AgentView, type Frame, type World, type WorldOptions } from './world.ts';

export const DEMO_CLUSTER = 'demo';

export interface DemoOptions extends WorldOptions {
  /** Emptied or new: see `demo-folder.ts`. */
  readonly dir: string;
  /** Of 127.0.0.1; when it is taken, any free one is used. 0: any free one. */
  readonly port: number;
  /** False: every agent is a simulated one. */
  readonly realAgents: boolean;
  /** For a person: what is going on. */
  readonly progress: (text: string) => void;
  /** Wall time that the nodes of one pass have to deliver; without it, a minute: a thousand take some fifteen seconds. */
  readonly deliveryDeadlineMs?: number;
  /** Ends a wait; `stop` is still to be called. */
  readonly signal: AbortSignal;
}

export interface RunningDemo {
  readonly url: string;
  readonly world: World;
  /** Moves the world on by one step, waits for its agents, and decides. Rejects when a node does not deliver. */
  nextPass(): Promise<PassOutcome>;
  stop(): Promise<void>;
}

const DELIVERY_DEADLINE_MS = 60_000;
/** Connections dialled at once: below a listener's usual backlog of 511. */
const DIALLING_MAX = 128;
/** Real agents that look at their nodes at once: each starts a process of about 50 MB. */
const LOOKING_MAX = 4;
/** Half a megabyte each with 64 nodes, and a new one every few seconds. */
const PASS_RETENTION = { passesMax: 100, passBytesMax: 1e9 };
/** Of the agents' protocol: a node is stale after three of these, by the world's clock. */
const INTERVALS = { reportMs: 60_000, beatMs: 10_000 };

export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  const { dir, progress, signal } = options;
  const world = createWorld(options);
  const clock = worldClock();
  let frame = world.frame(1);
  const aggregator = await listenSomewhere(options, clock, () => frame);
  const agents = new Map<string, NodeAgent>();
  const stop = async (): Promise<void> => {
    await Promise.all([...agents.values()].map((agent) => agent.stop()));
    await aggregator.stop();
  };
  try {
    const real = frame.agents.filter(({ realAgent }) => realAgent && options.realAgents);
    progress(`starting ${frame.agents.length} agents, ${real.length} of them real ones over a fake nvidia-smi`);
    for (const { node } of frame.agents) agents.set(node, simulatedAgent(node, aggregator.url));
    await atMost(LOOKING_MAX, real, async (view) => {
      agents.set(view.node, await startRealAgent(join(dir, 'agents', view.node), view, aggregator.url));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  let pass = 0;
  return {
    url: aggregator.url,
    world,
    async nextPass() {
      pass += 1;
      frame = world.frame(pass);
      clock.moveTo(pass);
      const failures = new Map<string, string>();
      const delivered = untilDelivered({
        pass,
        expected: frame.agents.filter(({ reports }) => reports).map(({ node }) => node),
        delivered: (node) => hasDelivered(aggregator, agents.get(node), pass),
        problemOf: (node) => failures.get(node) ?? agents.get(node)?.problem() ?? null,
        deadlineMs: options.deliveryDeadlineMs ?? DELIVERY_DEADLINE_MS,
        signal,
      });
      // Side by side, so that the deadline and an interrupt hold for a node that hangs while it sends, too.
      await Promise.all([delivered, deliverAll(agents, frame, failures)]);
      return aggregator.runPass();
    },
    stop,
  };
}

function hasDelivered(aggregator: RunningAggregator, agent: NodeAgent | undefined, pass: number): boolean {
  const report = agent === undefined ? null : aggregator.delivered(agent.node);
  return report !== null && agent?.isReportOf(report.reportId, pass) === true;
}

/** Never rejects: a node that could not send, and why, goes to `failures` and is missed when its report is waited for. */
async function deliverAll(
  agents: ReadonlyMap<string, NodeAgent>,
  { agents: views, pass, at }: Frame,
  failures: Map<string, string>,
): Promise<void> {
  const deliver = (view: AgentView): Promise<void> =>
    Promise.resolve(agents.get(view.node)?.deliver(view, pass, at)).catch((error: unknown) => {
      failures.set(view.node, messageOf(error));
    });
  await Promise.all([
    atMost(
      DIALLING_MAX,
      views.filter(({ realAgent }) => !realAgent),
      deliver,
    ),
    atMost(
      LOOKING_MAX,
      views.filter(({ realAgent }) => realAgent),
      deliver,
    ),
  ]);
}

/** Works on the items, so many at once; when one fails, waits for those under way and rejects with its failure. */
async function atMost<Item>(most: number, items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const workOn = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
  };
  const workers = await Promise.allSettled(Array.from({ length: most }, workOn));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
}

async function listenSomewhere(
  options: DemoOptions,
  clock: WorldClock,
  frame: () => Frame,
): Promise<RunningAggregator> {
  const { dir, port, progress } = options;
  const logFile = join(dir, 'aggregator.log');
  const deps = {
    log: createLog((line) => appendFileSync(logFile, line), clock.now),
    now: clock.now,
    legs: worldLegs(frame),
    policy: () => Promise.resolve(DEMO_POLICY),
  };
  try {
    return await startAggregator(configOf(dir, port, options.nodes), deps);
  } catch (error) {
    if (port === 0 || !isTaken(error)) throw error;
    const aggregator = await startAggregator(configOf(dir, 0, options.nodes), deps);
    progress(`port ${port} is taken: using ${aggregator.url} instead`);
    return aggregator;
  }
}

function isTaken(error: unknown): boolean {
  if (!(error instanceof TrivetError) || error.code !== 'listen.failed') return false;
  return error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'EADDRINUSE';
}

function configOf(dir: string, port: number, nodes: number): AggregatorConfig {
  return {
    dir,
    cluster: DEMO_CLUSTER,
    listen: { host: '127.0.0.1', port },
    passIntervalMs: null,
    intervals: INTERVALS,
    // Twice, because an agent that starts anew dials before its old connection is gone.
    connectionsMax: 2 * nodes,
    stripDomains: [],
    token: null,
    apiToken: null,
    retention: DEFAULT_RETENTION,
    passRetention: PASS_RETENTION,
  };
}
