/** The outbox under SIGKILL, torn writes and flipped bits: what was durable is there, once, in order; what is gone is counted. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { createLog } from '@trivet/agent/log.ts';
import { openOutbox } from '@trivet/agent/outbox/open.ts';
import type { Outbox } from '@trivet/agent/outbox/outbox.ts';
import { chaosRounds, seeded } from './seeded.ts';

const ROUNDS = chaosRounds(15);
const SEED = 20261120;
const ALL = { events: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };
const AT = '2026-11-20T17:00:00.000Z';
const quiet = createLog({ level: 'error', now: () => 0, write: () => {} });

const folders: string[] = [];
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'trivet-outbox-'));
  folders.push(path);
  return path;
}
afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

function open(directory: string, maxBytes?: number): Outbox {
  return openOutbox(directory, { node: 'gpu-1', log: quiet, ...(maxBytes === undefined ? {} : { maxBytes }) });
}

/** Runs the writer until it has said something and `afterMs` have gone by, then kills it. Everything that it said. */
async function killedWriter(directory: string, seed: number, afterMs: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'outbox-writer.ts');
  const child = spawn(process.execPath, [script, directory, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  }
  clearTimeout(timer);
  return lines;
}

function highest(lines: readonly string[], word: string): number {
  return Math.max(0, ...lines.filter((line) => line.startsWith(word)).map((line) => Number(line.split(' ')[1])));
}

describe('outbox', () => {
  it(
    `keeps every durable event, once and in order, over ${ROUNDS} SIGKILLs`,
    { timeout: ROUNDS * 10_000 },
    async () => {
      const directory = folder();
      const random = seeded(SEED);
      let durable = 0;
      let acking = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const lines = await killedWriter(directory, SEED + round, random() * 40);
        durable = Math.max(durable, highest(lines, 'durable'));
        acking = Math.max(acking, highest(lines, 'acking'));
        const outbox = open(directory, 512 * 1024);
        const events = outbox.pending(0, ALL);
        const where = `round ${round}, ${lines.length} lines`;
        const numbers = events.map(({ body }) => Number(body['n']));
        // Without a gap: nothing twice, nothing missing, in order; the last one may not have been said yet.
        expect(numbers, where).toEqual(numbers.map((_n, index) => (numbers[0] ?? 0) + index));
        expect(numbers.at(-1), where).toBeGreaterThanOrEqual(durable);
        expect(Number(outbox.cursor('counter')), where).toBe(numbers.at(-1));
        // What no acknowledgement was begun for still waits.
        expect(events[0]?.seq, where).toBeLessThanOrEqual(acking + 1);
        expect(outbox.depth, where).toBe(events.length);
        expect(outbox.lost, where).toBe(0);
        outbox.close();
      }
      expect(durable).toBeGreaterThan(ROUNDS * 3);
      expect(acking).toBeGreaterThan(0);
    },
  );

  function filled(events: number): { directory: string; file: string; lines: string[] } {
    const directory = folder();
    const outbox = open(directory);
    for (let n = 1; n <= events; n++) {
      outbox.append([{ kind: 'count', at: AT, body: { n }, cursor: { source: 'counter', position: String(n) } }]);
    }
    outbox.close();
    const file = join(directory, readdirSync(directory).find((name) => name.endsWith('.log')) ?? '');
    return { directory, file, lines: readFileSync(file, 'latin1').split(/(?<=\n)/) };
  }

  function reopened({ directory }: { directory: string }) {
    const outbox = open(directory);
    const numbers = outbox.pending(0, ALL).map(({ body }) => Number(body['n']));
    const seq = outbox.append([{ kind: 'count', at: AT, body: { n: 100 } }]) ?? 0;
    const again = open(directory);
    const last = again.pending(0, ALL).at(-1);
    again.close();
    outbox.close();
    return { numbers, lost: outbox.lost, lostAgain: again.lost, cursor: outbox.cursor('counter'), seq, last };
  }

  it('survives a write that was cut at any byte', () => {
    const { directory, file, lines } = filled(3);
    const last = lines.at(-1) ?? '';
    const whole = lines.join('');
    const copy = folder();
    for (let keep = 0; keep < last.length; keep++) {
      cpSync(directory, copy, { recursive: true });
      writeFileSync(
        join(copy, file.slice(directory.length + 1)),
        whole.slice(0, whole.length - last.length + keep),
        'latin1',
      );
      const { numbers, lost, cursor, seq, last: newest } = reopened({ directory: copy });
      expect({ keep, numbers, lost, cursor }).toEqual({ keep, numbers: [1, 2], lost: 0, cursor: '2' });
      expect(seq).toBeGreaterThanOrEqual(keep === 0 ? 3 : 4);
      expect(newest).toMatchObject({ seq, body: { n: 100 } });
      rmSync(copy, { recursive: true });
    }
  });

  it('skips and counts a record with any flipped bit, and never gives its number to another', () => {
    const { directory, file, lines } = filled(4);
    const name = file.slice(directory.length + 1);
    const bytes = Buffer.from(lines.join(''), 'latin1');
    const header = (lines[0] ?? '').length;
    const copy = folder();
    const random = seeded(SEED);
    for (let at = 0; at < bytes.length; at++) {
      cpSync(directory, copy, { recursive: true });
      const flipped = Buffer.from(bytes);
      flipped[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      writeFileSync(join(copy, name), flipped);
      const { numbers, lost, lostAgain, seq, last } = reopened({ directory: copy });
      const missing = [1, 2, 3, 4].filter((n) => !numbers.includes(n)).length;
      expect(numbers, `byte ${at}`).toEqual([...numbers].sort((a, b) => a - b));
      if (at < header - 1) expect(missing, `byte ${at}`).toBe(0);
      // The feed at the very end alone: its record is like one that was cut, which was never durable.
      if (at < bytes.length - 1) expect(lost, `byte ${at}`).toBeGreaterThanOrEqual(missing);
      expect(lostAgain, `byte ${at}`).toBe(lost);
      expect(seq, `byte ${at}`).toBeGreaterThan(4);
      expect(last, `byte ${at}`).toMatchObject({ seq, body: { n: 100 } });
      rmSync(copy, { recursive: true });
    }
  });
});
