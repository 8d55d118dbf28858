/**
 * The whole way under SIGKILL: the real outbox and connection of the agent, the real aggregator, both killed at moments drawn
 * from a seed. Whatever the agent's outbox took is in the store at the end, exactly once.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { SOCKET_PATH } from '@trivet/shared/protocol/messages.ts';
import { spawnAggregator } from './aggregator-process.ts';
import { chaosRounds, seeded } from './seeded.ts';

const SEED = Number(process.env['TRIVET_CHAOS_SEED'] ?? 7);
const ROUNDS = chaosRounds(4);
const KILL_WITHIN_MS = 400;
const DEADLINE_MS = 30_000;
const AGENT = join(import.meta.dirname, 'ingest-agent.ts');

it(
  `agent and aggregator killed ${ROUNDS} times each: every durable event is stored once, seed ${SEED}`,
  { timeout: ROUNDS * 30_000 },
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'trivet-chaos-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const random = seeded(SEED);
    let aggregator = await spawnAggregator(dir, 0);
    onTestFinished(() => void aggregator.child.kill('SIGKILL'));
    const port = Number(new URL(aggregator.url).port);
    let agent = startAgent(dir, aggregator.url, 'feed');
    onTestFinished(() => void agent.child.kill('SIGKILL'));
    let durable = 0;

    for (let round = 0; round < ROUNDS; round++) {
      await agent.durableBeyond(durable);
      await sleep(random() * KILL_WITHIN_MS);
      await aggregator.end('SIGKILL');
      await sleep(random() * KILL_WITHIN_MS);
      durable = Math.max(durable, await agent.kill());
      agent = startAgent(dir, aggregator.url, 'feed');
      aggregator = await spawnAggregator(dir, port);
    }
    await agent.durableBeyond(durable);
    durable = await agent.kill();
    agent = startAgent(dir, aggregator.url, 'drain');
    expect(await agent.exited()).toBe(0);
    expect(await aggregator.end('SIGTERM')).toBe(0);

    const stored = storedNumbers(dir);
    expect(stored.length).toBeGreaterThanOrEqual(durable);
    expect(
      stored.findIndex((n, index) => n !== index + 1),
      'stored numbers are 1, 2, 3, …',
    ).toBe(-1);
    expect(durable).toBeGreaterThan(ROUNDS);
  },
);

interface Agent {
  readonly child: ChildProcess;
  /** Resolves when the outbox has taken a number beyond this one. */
  durableBeyond(number: number): Promise<void>;
  /** Highest number that the outbox reported to have on disk. */
  kill(): Promise<number>;
  exited(): Promise<number | null>;
}

function startAgent(dir: string, url: string, task: 'feed' | 'drain'): Agent {
  const socket = `${url.replace('http', 'ws')}${SOCKET_PATH}`;
  const child = spawn(process.execPath, [AGENT, join(dir, 'outbox'), socket, task], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  let durable = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (output + text).split('\n');
    output = lines.pop() ?? '';
    durable = Number(lines.at(-1)?.split(' ')[1] ?? durable);
  });
  const closed = once(child, 'close');
  return {
    child,
    durableBeyond: (number) => until(() => durable > number, `a number beyond ${number}`),
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
      return durable;
    },
    exited: async () => {
      await until(() => child.exitCode !== null || child.signalCode !== null, 'the outbox to be empty');
      return child.exitCode;
    },
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${DEADLINE_MS} ms for ${what}`);
    await sleep(5);
  }
}

function storedNumbers(dir: string): number[] {
  const database = new DatabaseSync(join(dir, 'state', 'trivet.db'));
  try {
    const rows = database.prepare(`SELECT body FROM events ORDER BY id`).all();
    return rows.map((row) => Number(JSON.parse(String(row['body'])).n)).sort((a, b) => a - b);
  } finally {
    database.close();
  }
}
