/**
 * From a line in the kernel log to the aggregator's API, where anybody can read it: as an event (`/v1/nodes/NODE/events`), and as
 * a finding of the node (`/v1/nodes`), which comes with a report. Asked for in a tight loop on one machine, so what is
 * measured is everything between: the agent's look at the log, its disk, the socket, the aggregator's commit.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { busIdOf } from './document.ts';
import type { BenchOptions, Variant } from './options.ts';
import { percentile } from './statistics.ts';
import { World } from './world.ts';
import type { Agent } from './world.ts';

export interface Latency {
  readonly label: string;
  readonly lines: number;
  readonly event: Quantiles;
  readonly finding: Quantiles;
}

interface Quantiles {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Each on each GPU is a finding of its own; together they are more than one run's lines. */
const XIDS = [13, 31, 32, 38, 43, 56, 57, 58, 61, 62, 68, 69];
/** Above the second that a storm's reports keep between them: each line is a first one. */
const SPACING_MS = 1100;
/** Not in step with anything that the agent does periodically. */
const JITTER_MS = 500;
const DEADLINE_MS = 5000;
const ASK_AGAIN_MS = 2;

interface Seen {
  readonly eventMs: number | null;
  readonly findingMs: number | null;
}

export async function measureLatency(options: BenchOptions): Promise<readonly Latency[]> {
  const seen = new Map<string, Seen[]>(options.variants.map(({ label }) => [label, []]));
  for (let run = 0; run < options.runs; run += 1) {
    for (const variant of options.variants) {
      seen.get(variant.label)?.push(...(await oneRun(variant, options)));
    }
  }
  return [...seen].map(([label, all]) => ({
    label,
    lines: all.length,
    event: quantiles(all.map(({ eventMs }) => eventMs)),
    finding: quantiles(all.map(({ findingMs }) => findingMs)),
  }));
}

async function oneRun(variant: Variant, { lines, pollMs }: BenchOptions): Promise<readonly Seen[]> {
  const world = new World();
  try {
    const aggregatorUrl = await world.aggregator(60);
    const agent = await world.agent({ variant, node: 'latency', pollMs, aggregatorUrl });
    const seen: Seen[] = [];
    for (let index = 0; index < lines; index += 1) {
      await sleep(SPACING_MS + Math.random() * JITTER_MS);
      seen.push(await follow(agent, aggregatorUrl, index));
    }
    return seen;
  } finally {
    await world.close();
  }
}

async function follow({ kernelLog, node }: Agent, url: string, index: number): Promise<Seen> {
  const [xid, gpu] = [XIDS[Math.floor(index / 8) % XIDS.length] ?? 13, index % 8];
  const mark = `bench line ${index}`;
  const before = await findingsOf(url);
  const bus = busIdOf(gpu).replace('.0', '');
  appendFileSync(kernelLog, `NVRM: Xid (PCI:${bus}): ${xid}, pid=4711, name=python3, ${mark}.\n`);
  const begunMs = performance.now();
  let [eventMs, findingMs]: [number | null, number | null] = [null, null];
  while (performance.now() - begunMs < DEADLINE_MS && (eventMs === null || findingMs === null)) {
    if (eventMs === null) {
      const text = await ask(`${url}/v1/nodes/${node}/events?limit=4`);
      if (text.includes(`${mark}.`)) eventMs = performance.now() - begunMs;
    }
    if (findingMs === null && (await findingsOf(url)) > before) findingMs = performance.now() - begunMs;
    await sleep(ASK_AGAIN_MS);
  }
  return { eventMs, findingMs };
}

/** Open findings of the one node that there is. */
async function findingsOf(url: string): Promise<number> {
  const counts = /"findings":(\d+)/.exec(await ask(`${url}/v1/nodes?limit=1`));
  return Number(counts?.[1] ?? 0);
}

async function ask(url: string): Promise<string> {
  return (await fetch(url)).text();
}

function quantiles(values: readonly (number | null)[]): Quantiles {
  const known = values.filter((value) => value !== null);
  return {
    count: known.length,
    p50Ms: percentile(known, 0.5),
    p99Ms: percentile(known, 0.99),
    maxMs: percentile(known, 1),
  };
}
