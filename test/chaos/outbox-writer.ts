/**
 * The process that outbox.test.ts kills. It counts: each event carries its number, and the number is its cursor, as the
 * position in the kernel's log is for the agent. Usage: outbox-writer.ts DIRECTORY SEED
 */
import { writeSync } from 'node:fs';
import { openOutbox } from '@trivet/agent/outbox/open.ts';
import { createLog } from '@trivet/agent/log.ts';
import { seeded } from './seeded.ts';

const [directory = '', seed = '0'] = process.argv.slice(2);
const random = seeded(Number(seed));
const log = createLog({ level: 'warn', now: Date.now, write: (line) => writeSync(2, line) });
// Small, so that segments are begun and deleted while the process is being killed.
const outbox = openOutbox(directory, { node: 'gpu-1', log, maxBytes: 512 * 1024 });

let number = Number(outbox.cursor('counter') ?? '0');
for (;;) {
  const batch = Array.from({ length: 1 + Math.floor(random() * 4) }, (_value, index) => number + index + 1);
  const seq = outbox.append(
    batch.map((n) => ({
      kind: 'count',
      at: '2026-11-20T17:00:00.000Z',
      body: { n, padding: 'x'.repeat(Math.floor(random() * 200)) },
      cursor: { source: 'counter', position: String(n) },
    })),
  );
  if (seq === null) throw new Error('append failed');
  number += batch.length;
  writeSync(1, `durable ${number}\n`);
  if (random() < 0.05) {
    const acked = outbox.pending(0, { events: 1, bytes: 1 })[0]?.seq ?? 0;
    const upTo = acked + Math.floor((seq - acked) * random());
    writeSync(1, `acking ${upTo}\n`);
    outbox.ack(upTo);
  }
}
