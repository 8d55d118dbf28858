/**
 * Events a second that the aggregator acknowledges, each on the disk before: a real aggregator process, a hundred agents on
 * real sockets, messages of 64 events, four of them under way an agent. Usage: node bench/ingest.ts [SECONDS]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnAggregator } from '../test/chaos/aggregator-process.ts';
import { ProtocolClient } from '../test/chaos/protocol-client.ts';
import { median } from './median.ts';

const RUNS = 3;
const AGENTS = 100;
const WARM_UP_MS = 2_000;
const seconds = Number(process.argv[2] ?? 10);

async function run(): Promise<{ readonly rate: number; readonly residentMb: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'trivet-bench-'));
  const aggregator = await spawnAggregator(dir, 0);
  const { url, child } = aggregator;
  const clients = Array.from(
    { length: AGENTS },
    (_, index) => new ProtocolClient({ url, node: `node-${index + 1}`, batch: 64, window: 4 }),
  );
  const acked = () => clients.reduce((sum, client) => sum + client.acked, 0);
  try {
    await sleep(WARM_UP_MS);
    const [before, begin] = [acked(), performance.now()];
    await sleep(seconds * 1000);
    const rate = (acked() - before) / ((performance.now() - begin) / 1000);
    const broken = clients.flatMap((client) => client.broken);
    if (broken.length > 0) throw new Error(broken.join('\n'));
    return { rate, residentMb: residentMb(child.pid ?? 0) };
  } finally {
    for (const client of clients) client.stop();
    await aggregator.end('SIGTERM');
    rmSync(dir, { recursive: true });
  }
}

/** Highest so far, as Linux counts it; elsewhere unknown. */
function residentMb(pid: number): number {
  if (process.platform !== 'linux') return NaN;
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1000);
}

const runs = [];
for (let index = 0; index < RUNS; index += 1) runs.push(await run());
const rates = runs.map(({ rate }) => Math.round(rate));
console.log(
  `${median(rates)} events/s acknowledged (${rates.join(', ')}), at most ${median(runs.map(({ residentMb: mb }) => mb))} MB resident`,
);
