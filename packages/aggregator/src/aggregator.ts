/** Wires the aggregator: store, receiver, legs, pass loop and API around the core. The simulator starts one like this too. */
import manifest from '../package.json' with { type: 'json' };
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Intervals } from '@trivet/shared/protocol/messages.ts';
import { CheckRuns, createMetrics, createServer, type Metrics, type PassProgress } from './api/index.ts';
import type { LegReaders } from './core/legs.ts';
import type { Policy } from './core/policy.ts';
import { EMPTY_STATE } from './core/state.ts';
import { TrivetError, messageOf } from './errors.ts';
import { withDeadline } from './legs/deadline.ts';
import { withShortNames } from './legs/short-names.ts';
import {
  createIngest,
  createLatestReports,
  createReceiver,
  telemetryLeg,
  type LatestReports,
  type Receiver,
} from './legs/telemetry/index.ts';
import type { Log } from './log.ts';
import { startPassLoop, type PassLoop } from './pass-loop.ts';
import { passKeeper, runPass, type PassOutcome, type PassRetention } from './passes/index.ts';
import { createStore, openSqlite, type Retention, type Store } from './store/index.ts';

export const VERSION = manifest.version;

export interface AggregatorConfig {
  /** Everything that is kept: `trivet.db` and `passes/`. */
  readonly dir: string;
  readonly cluster: string;
  /** Port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Null: passes on request only. */
  readonly passIntervalMs: number | null;
  readonly intervals: Intervals;
  readonly connectionsMax: number;
  /** That agents must show; null: none. */
  readonly token: string | null;
  /** That whoever runs checks on nodes over the API must show; null: only programs on this host may. */
  readonly apiToken: string | null;
  readonly retention: Retention;
  readonly passRetention: PassRetention;
  /** Taken off the ends of node names, in every leg. */
  readonly stripDomains: readonly string[];
}

export interface AggregatorDeps {
  readonly log: Log;
  /** Wall clock, by which reports and legs age. */
  readonly now: () => Date;
  readonly legs: Pick<LegReaders, 'inventory' | 'cluster'>;
  /** Asked anew for each pass. When it throws the pass fails: an unreadable policy is a pause, not the last good one. */
  readonly policy: () => Promise<Policy>;
}

export interface RunningAggregator {
  readonly url: string;
  /** One pass now, after the one that is running. */
  runPass(): Promise<PassOutcome>;
  /** Newest committed report of a node and how many came since the start; null when none did. */
  delivered(node: string): { readonly reportId: string; readonly reports: number } | null;
  /** Ends cleanly, once: what was received is committed, agents are told, the store is closed. */
  stop(): Promise<void>;
}

const PRUNE_INTERVAL_MS = 600_000;

/** What is wired together; internal to this file. */
interface Parts {
  readonly config: AggregatorConfig;
  readonly deps: AggregatorDeps;
  readonly legs: AggregatorDeps['legs'];
  readonly startedAt: Date;
  readonly store: Store;
  readonly latest: LatestReports;
  readonly metrics: Metrics;
  readonly receiver: Receiver;
}

export async function startAggregator(config: AggregatorConfig, deps: AggregatorDeps): Promise<RunningAggregator> {
  const store = await createStore(await openSqlite(join(config.dir, 'trivet.db')));
  try {
    return await startParts(await createParts(config, deps, store));
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function createParts(config: AggregatorConfig, deps: AggregatorDeps, store: Store): Promise<Parts> {
  const { log, now } = deps;
  const { connectionsMax, intervals, token } = config;
  const startedAt = now();
  const metrics = createMetrics(VERSION);
  const latest = createLatestReports(await store.latestReports());
  const ingest = createIngest(store, metrics);
  const receiver = createReceiver({
    store,
    ingest,
    latest,
    meter: metrics,
    log,
    now,
    intervals,
    connectionsMax,
    token,
  });
  metrics.observe({ receiver, storeBytes: store.sizeBytes, now });
  const legs = {
    inventory: withShortNames(withDeadline('inventory', deps.legs.inventory), config.stripDomains),
    cluster: withShortNames(withDeadline('cluster', deps.legs.cluster), config.stripDomains),
  };
  return { config, deps, legs, startedAt, store, latest, metrics, receiver };
}

async function startParts(parts: Parts): Promise<RunningAggregator> {
  const { config, deps, startedAt, store, latest, metrics, receiver } = parts;
  const { loop, progress } = startPasses(parts);
  const server = createServer({
    version: VERSION,
    cluster: config.cluster,
    startedAt,
    now: deps.now,
    passesDir: passesDir(config),
    store,
    latest,
    receiver,
    metrics,
    passes: progress,
    checkRuns: new CheckRuns({ receiver, meter: metrics, log: deps.log }),
    apiToken: config.apiToken,
    stripDomains: config.stripDomains,
    log: deps.log,
  });
  receiver.attach(server.server);
  const pruning = startPruning(parts);
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    clearInterval(pruning.timer);
    await receiver.stop();
    await Promise.all([server.close(), loop.stop(), pruning.running()]);
    await store.close();
  };
  const url = await listen(server, config).catch(async (error: unknown) => {
    clearInterval(pruning.timer);
    await Promise.all([receiver.stop(), loop.stop()]);
    throw error;
  });
  deps.log.info('aggregator.listening', { url, cluster: config.cluster, dir: config.dir });
  return {
    url,
    runPass: loop.runOnce,
    delivered: (node) => deliveredOf(latest, node),
    stop: () => (stopping ??= stop()),
  };
}

function passesDir({ dir }: AggregatorConfig): string {
  return join(dir, 'passes');
}

function startPasses(parts: Parts): { loop: PassLoop; progress: PassProgress } {
  const { log, now } = parts.deps;
  let last: ReturnType<PassProgress['last']> = null;
  let failure: ReturnType<PassProgress['failure']> = null;
  const loop = startPassLoop({
    run: () => pass(parts),
    passed: (outcome) => {
      last = { outcome, at: now() };
      failure = null;
      parts.metrics.passed(outcome, last.at);
    },
    failed: (error) => {
      failure = { at: now(), message: messageOf(error) };
      parts.metrics.passFailed();
    },
    intervalMs: parts.config.passIntervalMs,
    log,
  });
  return { loop, progress: { last: () => last, failure: () => failure } };
}

/** Reads the state that the last pass left and saves what this one leaves. */
async function pass({ config, deps, legs, startedAt, store, latest }: Parts): Promise<PassOutcome> {
  const { cluster, intervals } = config;
  const { now } = deps;
  const reports = telemetryLeg({ latest, now, startedAt, reportIntervalMs: intervals.reportMs });
  const telemetry = withShortNames(reports, config.stripDomains);
  const outcome = await runPass({
    cluster,
    mode: 'observe',
    legs: { ...legs, telemetry },
    policy: await deps.policy(),
    state: (await store.passState(cluster)) ?? EMPTY_STATE,
    dir: passesDir(config),
    now,
  });
  await store.savePass(cluster, outcome, now().toISOString());
  return outcome;
}

function startPruning({ store, config, deps }: Parts): { timer: NodeJS.Timeout; running: () => Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  const tidy = passKeeper(join(passesDir(config), config.cluster), config.passRetention);
  const prune = async () => {
    try {
      const folders = await tidy();
      const pruned = await store.prune(config.retention, deps.now());
      const removed = folders + pruned.events + pruned.findings + pruned.passes;
      if (removed > 0) deps.log.info('store.pruned', { ...pruned, folders });
    } catch (error) {
      deps.log.error('store.prune-failed', { message: messageOf(error) });
    }
  };
  const timer = setInterval(() => {
    running = running.then(prune);
  }, PRUNE_INTERVAL_MS);
  return { timer, running: () => running };
}

async function listen(server: ReturnType<typeof createServer>, { listen: wanted }: AggregatorConfig): Promise<string> {
  try {
    await server.listen(wanted);
  } catch (error) {
    throw new TrivetError(
      'listen.failed',
      `cannot listen on ${wanted.host}:${wanted.port}: ${messageOf(error)}. Choose another with --listen HOST:PORT.`,
      error,
    );
  }
  const address = server.server.address();
  return urlOf(typeof address === 'object' && address !== null ? address : { ...wanted, address: wanted.host });
}

function urlOf({ address, port }: Pick<AddressInfo, 'address' | 'port'>): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function deliveredOf(latest: LatestReports, node: string): ReturnType<RunningAggregator['delivered']> {
  const report = latest.get(node);
  return report === undefined || report.delivered === 0
    ? null
    : { reportId: report.reportId, reports: report.delivered };
}
