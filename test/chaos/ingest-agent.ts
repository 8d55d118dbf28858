/**
 * The agent's half that ingest-both.test.ts kills: the real outbox and the real connection, fed by a counter whose position
 * is its cursor, as the kernel log's is. Usage: ingest-agent.ts DIRECTORY URL feed|drain
 */
import { writeSync } from 'node:fs';
import { createLog } from '@trivet/agent/log.ts';
import { openOutbox } from '@trivet/agent/outbox/open.ts';
import { Push } from '@trivet/agent/outputs/push.ts';

const [directory = '', url = '', task = 'feed'] = process.argv.slice(2);
/** Beyond it the feed waits, so that the outbox never has to drop anything. */
const DEPTH_MAX = 2_000;
const FEED_EVERY_MS = 2;

const log = createLog({ level: 'error', now: Date.now, write: (line) => writeSync(2, line) });
const outbox = openOutbox(directory, { node: 'gpu-1', log });
const push = new Push({
  url,
  outbox,
  lostBefore: () => 0,
  log,
  random: Math.random,
  hello: () => ({
    type: 'hello',
    v: 1,
    node: 'gpu-1',
    agentId: outbox.agentId,
    streamId: outbox.streamId,
    bootId: 'boot-1',
    agentVersion: '0.0.0',
    hardware: { serial: null, gpus: [] },
  }),
  token: () => null,
  answer: async () => ({ state: 'unknown', text: 'not asked here' }),
  welcomed: () => undefined,
  timing: { connectMs: 5_000, ackMs: 10_000, backoff: { minMs: 10, maxMs: 100 } },
});
push.start();

let number = Number(outbox.cursor('counter') ?? '0');
setInterval(() => {
  if (task === 'drain') {
    if (outbox.depth === 0) process.exit(0);
    return;
  }
  if (outbox.depth > DEPTH_MAX) return;
  const numbers = [1, 2, 3].map((step) => number + step);
  const seq = outbox.append(
    numbers.map((n) => ({
      kind: 'count',
      at: '2026-11-20T17:00:00.000Z',
      body: { n },
      cursor: { source: 'counter', position: String(n) },
    })),
  );
  if (seq === null) throw new Error('append failed');
  number += numbers.length;
  writeSync(1, `durable ${number}\n`);
  push.flush();
}, FEED_EVERY_MS);
