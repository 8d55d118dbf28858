/**
 * Memory and CPU of the agent at its real pace: polls of ten seconds, all processes of one comparison side by side so that they
 * share whatever the machine is doing. Beside each agent runs one that does not poll: what it costs is the idle part.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../median.ts';
import type { BenchOptions, Variant } from './options.ts';
import { readCpu, readMemory } from './proc.ts';
import type { CpuTime, Memory } from './proc.ts';
import { World } from './world.ts';
import type { Agent } from './world.ts';

export interface Footprint {
  readonly label: string;
  readonly privateDirtyMb: number;
  readonly highestDirtyMb: number;
  readonly pssMb: number;
  readonly rssMb: number;
  readonly readyMs: number;
  /** Everything that the agent did, divided by the polls. */
  readonly cpuMsPerPollInterval: number;
  /** The same without what it costs idle. */
  readonly cpuMsPerPoll: number;
  readonly childMsPerPoll: number;
  readonly idleMsPerSecond: number;
  /** Of one scrape of /metrics. */
  readonly scrapeMs: number;
}

/** Far longer than a measurement: no poll but the first, no report but the first. */
const IDLE_MS = 3_600_000;
const SCRAPES = 20;
/** A heap goes up and down as garbage is collected: a look at one instant would say which of them it was. */
const MEMORY_SAMPLE_MS = 1000;

interface Pair {
  readonly busy: Agent;
  readonly idle: Agent;
}

export async function measureFootprint(options: BenchOptions): Promise<readonly Footprint[]> {
  const world = new World();
  try {
    const aggregatorUrl = await world.aggregator(60);
    const idleUrl = await world.aggregator(IDLE_MS / 1000);
    const bare = await world.bare();
    const pairs: Pair[] = [];
    for (let run = 0; run < options.runs; run += 1) {
      for (const variant of options.variants) {
        const common = { variant, aggregatorUrl };
        const node = `${variant.label.replaceAll(/[^a-z0-9]+/g, '-')}-${run}`;
        const busy = await world.agent({ ...common, node, pollMs: options.pollMs });
        const idle = await world.agent({ variant, node: `${node}-idle`, aggregatorUrl: idleUrl, pollMs: IDLE_MS });
        pairs.push({ busy, idle });
        // Polls that all begin at once would measure the queue for two cores.
        await sleep(options.pollMs / (options.runs * options.variants.length));
      }
    }
    await sleep(options.settlePolls * options.pollMs);
    const measured = await measurePairs(pairs, options);
    return [...options.variants.map((variant) => medians(variant, measured)), bareRow(bare.pid, bare.readyMs)];
  } finally {
    await world.close();
  }
}

interface Cost {
  readonly pollInterval: CpuTime;
  readonly idle: CpuTime;
}

async function measurePairs(pairs: readonly Pair[], options: BenchOptions): Promise<readonly Footprint[]> {
  const { polls, pollMs } = options;
  const before = pairs.map(({ busy, idle }) => [readCpu(busy.pid), readCpu(idle.pid)] as const);
  const begunMs = performance.now();
  const memory = await sampleMemory(
    pairs.map(({ busy }) => busy.pid),
    begunMs + polls * pollMs,
  );
  const after = pairs.map(({ busy, idle }) => [readCpu(busy.pid), readCpu(idle.pid)] as const);
  const intervals = (performance.now() - begunMs) / pollMs;
  const rows: Footprint[] = [];
  for (const [index, { busy, idle }] of pairs.entries()) {
    const [from, to] = [before[index], after[index]];
    if (from === undefined || to === undefined) continue;
    const cost = { pollInterval: per(intervals, from[0], to[0]), idle: per(intervals, from[1], to[1]) };
    rows.push(rowOf(busy, cost, { pollMs, scrapeMs: await scrapeCost(idle), memory: memory.get(busy.pid) ?? [] }));
  }
  return rows;
}

/** By process. */
async function sampleMemory(pids: readonly number[], untilMs: number): Promise<ReadonlyMap<number, Memory[]>> {
  const samples = new Map<number, Memory[]>(pids.map((pid) => [pid, []]));
  while (performance.now() < untilMs) {
    for (const [pid, own] of samples) own.push(readMemory(pid));
    await sleep(Math.min(MEMORY_SAMPLE_MS, Math.max(0, untilMs - performance.now())));
  }
  return samples;
}

function per(intervals: number, from: CpuTime, to: CpuTime): CpuTime {
  return {
    ownMs: (to.ownMs - from.ownMs) / intervals,
    tickedMs: (to.tickedMs - from.tickedMs) / intervals,
    childrenMs: (to.childrenMs - from.childrenMs) / intervals,
  };
}

interface Given {
  readonly pollMs: number;
  readonly scrapeMs: number;
  readonly memory: readonly Memory[];
}

function rowOf(agent: Agent, cost: Cost, given: Given): Footprint {
  return {
    label: agent.label,
    privateDirtyMb: median(given.memory.map(({ privateDirtyMb }) => privateDirtyMb)),
    highestDirtyMb: Math.max(...given.memory.map(({ privateDirtyMb }) => privateDirtyMb)),
    pssMb: median(given.memory.map(({ pssMb }) => pssMb)),
    rssMb: median(given.memory.map(({ rssMb }) => rssMb)),
    readyMs: agent.readyMs,
    cpuMsPerPollInterval: cost.pollInterval.ownMs,
    cpuMsPerPoll: cost.pollInterval.ownMs - cost.idle.ownMs,
    childMsPerPoll: cost.pollInterval.childrenMs,
    idleMsPerSecond: (cost.idle.ownMs / given.pollMs) * 1000,
    scrapeMs: given.scrapeMs,
  };
}

async function scrapeCost({ pid, address }: Agent): Promise<number> {
  const before = readCpu(pid);
  for (let scrape = 0; scrape < SCRAPES; scrape += 1) await (await fetch(`${address}/metrics`)).text();
  return (readCpu(pid).ownMs - before.ownMs) / SCRAPES;
}

function medians({ label }: Variant, rows: readonly Footprint[]): Footprint {
  const of = (read: (row: Footprint) => number): number =>
    median(rows.filter((row) => row.label === label).map((row) => read(row)));
  return {
    label,
    privateDirtyMb: of((row) => row.privateDirtyMb),
    highestDirtyMb: of((row) => row.highestDirtyMb),
    pssMb: of((row) => row.pssMb),
    rssMb: of((row) => row.rssMb),
    readyMs: of((row) => row.readyMs),
    cpuMsPerPollInterval: of((row) => row.cpuMsPerPollInterval),
    cpuMsPerPoll: of((row) => row.cpuMsPerPoll),
    childMsPerPoll: of((row) => row.childMsPerPoll),
    idleMsPerSecond: of((row) => row.idleMsPerSecond),
    scrapeMs: of((row) => row.scrapeMs),
  };
}

function bareRow(pid: number, readyMs: number): Footprint {
  const nothing = { cpuMsPerPollInterval: NaN, cpuMsPerPoll: NaN, childMsPerPoll: NaN, scrapeMs: NaN };
  const memory = readMemory(pid);
  const highestDirtyMb = memory.privateDirtyMb;
  return { label: 'bare node', ...memory, highestDirtyMb, readyMs, ...nothing, idleMsPerSecond: NaN };
}
