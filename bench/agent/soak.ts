/** One agent for a long time, with what a node's day brings: scrapes, polls, a kernel line now and then. Does its memory grow? */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { busIdOf } from './document.ts';
import type { BenchOptions } from './options.ts';
import { readCpu, readMemory } from './proc.ts';
import { slope } from './statistics.ts';
import type { Slope } from './statistics.ts';
import { World } from './world.ts';
import type { Agent } from './world.ts';

export interface Soak {
  readonly minutes: number;
  readonly samples: number;
  /** MB an hour of private dirty memory, the first tenth (warming up) left out. */
  readonly dirtySlope: Slope;
  readonly rssSlope: Slope;
  readonly firstDirtyMb: number;
  readonly lastDirtyMb: number;
  readonly maxDirtyMb: number;
  readonly cpuMsPerSecond: number;
}

const SAMPLE_MS = 60_000;
/** As often as Prometheus does by default in many a setup. */
const SCRAPE_MS = 15_000;
/** A user's program that faults: one open finding whose count rises. */
const FAULT_EVERY_SAMPLES = 5;
const MINUTES_AN_HOUR = 60;

export interface SoakSample {
  readonly minute: number;
  readonly privateDirtyMb: number;
  readonly rssMb: number;
  readonly cpuMs: number;
}

export async function soak({ variants, pollMs, soakMinutes, out }: BenchOptions): Promise<Soak> {
  const [variant] = variants;
  if (variant === undefined) throw new Error('nothing to soak');
  const world = new World();
  try {
    const agent = await world.agent({ variant, node: 'soak', pollMs, aggregatorUrl: await world.aggregator(60) });
    const samples = [sampleOf(agent, 0)];
    for (let minute = 1; minute <= soakMinutes; minute += 1) {
      await oneMinute(agent);
      if (minute % FAULT_EVERY_SAMPLES === 0) {
        const bus = busIdOf(0).replace('.0', '');
        appendFileSync(
          agent.kernelLog,
          `NVRM: Xid (PCI:${bus}): 31, pid=4711, name=python3, MMU Fault: soak ${minute}\n`,
        );
      }
      const sample = sampleOf(agent, minute);
      samples.push(sample);
      if (out !== null) appendFileSync(out, `${JSON.stringify(sample)}\n`);
    }
    return summaryOf(samples);
  } finally {
    await world.close();
  }
}

async function oneMinute({ address }: Agent): Promise<void> {
  const untilMs = performance.now() + SAMPLE_MS;
  while (performance.now() + SCRAPE_MS <= untilMs + 1) {
    await sleep(SCRAPE_MS);
    await (await fetch(`${address}/metrics`)).text();
  }
  await sleep(Math.max(0, untilMs - performance.now()));
}

function sampleOf({ pid }: Agent, minute: number): SoakSample {
  const { privateDirtyMb, rssMb } = readMemory(pid);
  return { minute, privateDirtyMb, rssMb, cpuMs: readCpu(pid).ownMs };
}

export function summaryOf(samples: readonly SoakSample[]): Soak {
  const settled = samples.slice(Math.ceil(samples.length / 10));
  const perHour = ({ perX, error }: Slope): Slope => ({
    perX: perX * MINUTES_AN_HOUR,
    error: error * MINUTES_AN_HOUR,
  });
  const of = (read: (sample: SoakSample) => number): Slope =>
    perHour(slope(settled.map((sample) => ({ x: sample.minute, y: read(sample) }))));
  const [first, last] = [settled[0], settled.at(-1)];
  const minutes = (last?.minute ?? NaN) - (first?.minute ?? NaN);
  return {
    minutes: last?.minute ?? 0,
    samples: settled.length,
    dirtySlope: of(({ privateDirtyMb }) => privateDirtyMb),
    rssSlope: of(({ rssMb }) => rssMb),
    firstDirtyMb: first?.privateDirtyMb ?? NaN,
    lastDirtyMb: last?.privateDirtyMb ?? NaN,
    maxDirtyMb: Math.max(...samples.map(({ privateDirtyMb }) => privateDirtyMb)),
    cpuMsPerSecond: ((last?.cpuMs ?? NaN) - (first?.cpuMs ?? NaN)) / (minutes * MINUTES_AN_HOUR),
  };
}
