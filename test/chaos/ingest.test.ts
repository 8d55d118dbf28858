/**
 * SIGKILL during ingest: what was acknowledged is in the store, nothing is there twice, and no stream has a hole. The moments
 * are drawn from a seed (TRIVET_CHAOS_SEED repeats a run's draws, not its timing).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { spawnAggregator, type AggregatorProcess } from './aggregator-process.ts';
import { ProtocolClient, eventOf } from './protocol-client.ts';
import { chaosRounds, seeded } from './seeded.ts';

const SEED = Number(process.env['TRIVET_CHAOS_SEED'] ?? 7);
const ROUNDS = chaosRounds(6);
/** Longest time from the first acknowledgement of a round to the kill. */
const KILL_WITHIN_MS = 300;
const ROUND_DEADLINE_MS = 30_000;
/** Of a loaded machine: a start and some acknowledgements take one to three seconds. */
const KILL_TIMEOUT_MS = 20_000;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

describe('SIGKILL during ingest', () => {
  it(
    `loses no acknowledged event and stores none twice, ${ROUNDS} kills, seed ${SEED}`,
    { timeout: ROUNDS * KILL_TIMEOUT_MS },
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'trivet-chaos-'));
      cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
      const draw = seeded(SEED);
      let aggregator = await start(dir, 0);
      const { url } = aggregator;
      const port = Number(new URL(url).port);
      const clients = [1, 7, 64, 256].map(
        (batch, index) => new ProtocolClient({ url, node: `node-${index + 1}`, batch, window: 1 + index * 2 }),
      );
      cleanups.push(() => clients.forEach((client) => client.stop()));

      for (let round = 1; round <= ROUNDS; round++) {
        await progress(clients);
        await sleep(draw() * KILL_WITHIN_MS);
        await aggregator.end('SIGKILL');
        if (round < ROUNDS) aggregator = await start(dir, port);
      }
      for (const client of clients) client.stop();

      for (const client of clients) {
        expect(client.broken).toEqual([]);
        expect(client.refusals).toEqual([]);
        const stored = storedSeqs(dir, client);
        expect(stored.length).toBeGreaterThanOrEqual(client.acked);
        expect(
          stored.findIndex((seq, index) => seq !== index + 1),
          `${client.node}: stored numbers are 1, 2, 3, …`,
        ).toBe(-1);
      }
      expect(Math.min(...clients.map(({ acked }) => acked))).toBeGreaterThan(ROUNDS);
    },
  );

  it('ends cleanly on SIGTERM, and the next start goes on from the acknowledged number', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'trivet-chaos-'));
    cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
    const first = await start(dir, 0);
    const client = new ProtocolClient({ url: first.url, node: 'node-1', batch: 16, window: 2 });
    cleanups.push(() => client.stop());
    await progress([client]);
    expect(await first.end('SIGTERM')).toBe(0);
    const acked = client.acked;
    const second = await start(dir, Number(new URL(first.url).port));
    await progress([client]);
    expect(client.acked).toBeGreaterThan(acked);
    expect(await second.end('SIGTERM')).toBe(0);
    client.stop();
    expect(storedSeqs(dir, client).length).toBeGreaterThanOrEqual(client.acked);
    expect(client.broken).toEqual([]);
  });
});

async function start(dir: string, port: number): Promise<AggregatorProcess> {
  const aggregator = await spawnAggregator(dir, port);
  cleanups.push(() => aggregator.child.kill('SIGKILL'));
  return aggregator;
}

/** Until each client has one more acknowledgement than now: every kill hits an ingest that is under way. */
async function progress(clients: readonly ProtocolClient[]): Promise<void> {
  const before = clients.map(({ acked }) => acked);
  const deadline = Date.now() + ROUND_DEADLINE_MS;
  while (clients.some(({ acked }, index) => acked <= (before[index] ?? 0))) {
    if (Date.now() > deadline) throw new Error('no acknowledgement in time');
    await sleep(2);
  }
}

/** Ascending; checks on the way that each body is the one that was sent under its number. */
function storedSeqs(dir: string, { agentId, streamId }: ProtocolClient): number[] {
  const database = new DatabaseSync(join(dir, 'state', 'trivet.db'));
  try {
    const rows = database
      .prepare('SELECT seq, body FROM events WHERE agent_id = ? AND stream_id = ? ORDER BY seq')
      .all(agentId, streamId);
    const wrong = rows.filter((row) => row['body'] !== JSON.stringify(eventOf(Number(row['seq'])).body));
    expect(wrong).toEqual([]);
    return rows.map((row) => Number(row['seq']));
  } finally {
    database.close();
  }
}
