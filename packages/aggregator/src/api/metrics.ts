/**
 * The aggregator's own metrics. Cardinality is bounded: every label comes from a closed list, none names a node (those are
 * the agents' to export). docs/metrics.md describes each; change both together.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Receiver, TelemetryMeter } from '../legs/telemetry/index.ts';
import type { PassOutcome } from '../passes/index.ts';
import type { RunOutcome } from './check-runs.ts';

export interface Metrics extends TelemetryMeter {
  passed(outcome: PassOutcome, at: Date): void;
  passFailed(): void;
  /** A fan-out of a check over nodes ended, or was refused. */
  ran(outcome: RunOutcome): void;
  /** What is read when somebody scrapes. */
  observe(sources: {
    receiver: Pick<Receiver, 'connections' | 'asksPending'>;
    storeBytes: () => number;
    now: () => Date;
  }): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** A set's name has two parts of a closed list; this bounds what a defect there could do. */
const SETS_MAX = 200;

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  new Gauge({
    name: 'trivet_build_info',
    help: 'Version of the aggregator; always 1.',
    labelNames: ['version'],
    registers: [registry],
  })
    .labels(version)
    .set(1);
  processMetrics(registry);
  const passes = passMetrics(registry);
  return {
    ...telemetryMetrics(registry),
    ...askMetrics(registry),
    passed: passes.passed,
    passFailed: passes.failed,
    observe: (sources) => {
      legAgeMetric(registry, passes.last, sources.now);
      scrapedMetrics(registry, sources);
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

function askMetrics(registry: Registry): Pick<Metrics, 'asked' | 'strayResult' | 'ran'> {
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const asked = counter('trivet_asks_total', 'Questions to agents, by how they ended.', 'outcome');
  const stray = counter('trivet_ask_results_ignored_total', 'Results of agents that answered no open question.');
  const runs = counter('trivet_check_runs_total', 'Fan-outs of a check over nodes, by how they ended.', 'outcome');
  return {
    asked: (outcome) => asked.labels(outcome).inc(),
    strayResult: () => stray.inc(),
    ran: (outcome) => runs.labels(outcome).inc(),
  };
}

function telemetryMetrics(registry: Registry): Omit<TelemetryMeter, 'asked' | 'strayResult'> {
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const connections = counter(
    'trivet_agent_connections_total',
    'Attempts of agents to connect, by outcome.',
    'outcome',
  );
  const messages = counter('trivet_agent_messages_total', 'Valid messages from agents, by type.', 'type');
  const refused = counter('trivet_agent_messages_refused_total', 'Refusals sent to agents, by code.', 'code');
  const stored = counter('trivet_events_stored_total', 'Events committed to the store.');
  const duplicates = counter('trivet_events_duplicate_total', 'Events that came again and were not stored twice.');
  const missing = counter('trivet_events_missing_total', 'Events that agents no longer had when they resumed.');
  const reports = counter(
    'trivet_reports_stored_total',
    'Reports committed; of several for one node in a batch only the newest.',
  );
  const failures = counter(
    'trivet_ingest_failures_total',
    'Batches that could not be committed and were not acknowledged.',
  );
  const batch = new Histogram({
    name: 'trivet_ingest_batch_events',
    help: 'Events in one committed transaction.',
    buckets: [0, 1, 10, 100, 1_000, 10_000],
    registers: [registry],
  });
  const commit = new Histogram({
    name: 'trivet_ingest_commit_seconds',
    help: 'Time from the begin of a transaction until it is on the disk.',
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  return {
    connection: (outcome) => connections.labels(outcome).inc(),
    message: (type) => messages.labels(type).inc(),
    refused: (code) => refused.labels(code).inc(),
    duplicates: (count) => duplicates.inc(count),
    missing: (count) => missing.inc(count),
    committed: (done) => {
      stored.inc(done.stored);
      duplicates.inc(done.duplicate);
      reports.inc(done.reports);
      batch.observe(done.events);
      commit.observe(done.seconds);
    },
    commitFailed: () => failures.inc(),
  };
}

function passMetrics(registry: Registry) {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const passes = new Counter({
    name: 'trivet_passes_total',
    help: 'Passes, by outcome; failed ones left the last good pass in place.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'trivet_pass_duration_seconds',
    help: 'Duration of a pass, from reading the legs to its folder.',
    buckets: [0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
    registers: [registry],
  });
  const finished = gauge('trivet_pass_last_success_timestamp_seconds', 'When the last good pass ended, Unix time.');
  const planned = gauge('trivet_plan_steps', 'Steps of the last plan.');
  const headroom = gauge(
    'trivet_budget_headroom_nodes',
    'Nodes that the budget would still let go after the last plan.',
  );
  const sets = gauge('trivet_set_nodes', 'Nodes in each set of the last pass.', 'set');
  const refusals = gauge('trivet_refusals', 'Refusals of the last pass, by code.', 'code');
  const legErrors = new Counter({
    name: 'trivet_leg_errors_total',
    help: 'Rows and files of a leg that passes refused, because they were not understood.',
    labelNames: ['leg'],
    registers: [registry],
  });
  let last: LastPass | null = null;

  function passed(outcome: PassOutcome, at: Date): void {
    passes.labels(outcome.outcome).inc();
    duration.observe(outcome.durationMs / 1000);
    finished.set(at.getTime() / 1000);
    planned.set(outcome.planned);
    headroom.set(outcome.headroom);
    sets.reset();
    for (const [set, size] of Object.entries(outcome.setSizes).slice(0, SETS_MAX)) sets.labels(set).set(size);
    refusals.reset();
    for (const [code, count] of Object.entries(outcome.refusals)) refusals.labels(code).set(count);
    for (const [leg, count] of Object.entries(outcome.legErrors)) legErrors.labels(leg).inc(count);
    last = { ages: outcome.legAgesSeconds, at };
  }

  return { passed, failed: () => passes.labels('failed').inc(), last: () => last };
}

interface LastPass {
  readonly ages: PassOutcome['legAgesSeconds'];
  readonly at: Date;
}

/** A leg goes on ageing when passes stop: that is what an alert looks for. */
function legAgeMetric(registry: Registry, last: () => LastPass | null, now: () => Date): void {
  const ages = new Gauge({
    name: 'trivet_leg_age_seconds',
    help: 'Age of what the last pass read of each leg, now.',
    labelNames: ['leg'],
    registers: [],
    collect() {
      const pass = last();
      if (pass === null) return;
      const sinceSeconds = (now().getTime() - pass.at.getTime()) / 1000;
      for (const [leg, age] of Object.entries(pass.ages)) this.labels(leg).set(age + sinceSeconds);
    },
  });
  registry.registerMetric(ages);
}

function scrapedMetrics(registry: Registry, { receiver, storeBytes }: Parameters<Metrics['observe']>[0]): void {
  const scraped = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  const sum = (of: (beat: { outboxDepth: number; lost: number; reportsDropped: number }) => number) => () =>
    [...receiver.connections()].reduce((total, { beat }) => total + (beat === null ? 0 : of(beat)), 0);
  scraped('trivet_agents_connected', 'Agents connected now.', () => [...receiver.connections()].length);
  scraped(
    'trivet_agents_outbox_events',
    'Events waiting in the outboxes of connected agents.',
    sum((beat) => beat.outboxDepth),
  );
  scraped(
    'trivet_agents_lost_events',
    'Events that connected agents had to drop.',
    sum((beat) => beat.lost),
  );
  scraped(
    'trivet_agents_dropped_reports',
    'Reports that connected agents never sent.',
    sum((beat) => beat.reportsDropped),
  );
  scraped('trivet_asks_pending', 'Questions to agents that wait for an answer.', () => receiver.asksPending);
  scraped('trivet_store_size_bytes', 'Size of the database and its log.', storeBytes);
}

/** By hand: prom-client's own set keeps a timer that costs 2.5 ms of CPU a second. */
function processMetrics(registry: Registry): void {
  const started = new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, Unix time.',
    registers: [registry],
  });
  started.set(Math.round(Date.now() / 1000 - process.uptime()));
  const resident = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory.',
    registers: [],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time, user and system.',
    registers: [],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  registry.registerMetric(resident);
  registry.registerMetric(cpu);
}
