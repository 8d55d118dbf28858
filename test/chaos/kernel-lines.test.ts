/**
 * Kernel lines on their whole way, the real daemon to the real aggregator's store, through SIGKILLs of both, a network that
 * is cut, reset, slow or silent, a full disk and torn writes: each line is in the store once, or counted as lost.
 *
 * `npm test` writes a few hundred; all 10,000 (two to three minutes; part of `npm run test:real`):
 *
 *     TRIVET_CHAOS_LINES=10000 npm test -- test/chaos/kernel-lines.test.ts
 *
 * TRIVET_CHAOS_SEED repeats the order of the faults and their draws, not their timing. More than lost is possible, in the
 * direction that docs/agent.md says: an event that was damaged after it had been acknowledged is counted all the same.
 */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { run } from './kernel-lines-run.ts';
import type { LineSource } from './kernel-lines-world.ts';
import { seeded } from './seeded.ts';
import { fileSizeLimit, smallDisk } from './small-disk.ts';

const LINES = Number(process.env['TRIVET_CHAOS_LINES'] ?? 300);
const SEED = Number(process.env['TRIVET_CHAOS_SEED'] ?? 31);
const folder = mkdtempSync(join(tmpdir(), 'trivet-lines-'));
const disks = [smallDisk(join(folder, 'agent')), fileSizeLimit()].filter((disk) => disk !== null);
const kinds = [...new Set(disks.map(({ kind }) => kind))];
const disk = kinds.length === 0 ? 'NO full disk (needs root or prlimit)' : `a full disk (${kinds.join(', ')})`;

it(
  `${LINES} lines through SIGKILLs, a cut network, torn writes and ${disk} arrive once or are counted, seed ${SEED}`,
  { timeout: 240_000 + LINES * 120 },
  async () => {
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const random = seeded(SEED);
    const progress = (text: string) => LINES > 1000 && process.stderr.write(`kernel lines: ${text}\n`);
    const source = kernelFile(join(folder, 'kernel.log'), random);
    const outcome = await run({ folder, source, disks, random, lines: LINES, progress });

    const { arrived, lost, lostByBeat, overcountMax } = outcome;
    const once = new Set(arrived);
    const missing = LINES - once.size;
    progress(
      `${arrived.length} arrived, ${missing} missing, ${lost} counted as lost, of them at most ${overcountMax} too many`,
    );
    expect(arrived.length, 'none twice').toBe(once.size);
    expect(arrived, 'in the order of the kernel').toEqual(arrived.toSorted((a, b) => a - b));
    expect(lost, 'what is missing is counted').toBeGreaterThanOrEqual(missing);
    expect(lost, 'what is counted is missing, or was damaged after it had arrived').toBeLessThanOrEqual(
      // Events of findings share the outbox with the lines: the one that the first line opened may be among the lost.
      missing + overcountMax + 1,
    );
    expect(lostByBeat).toBe(lost);
    expect(outcome).toMatchObject({ streams: 1, exits: [0, 0] });
    if (disks.length > 0) expect(outcome.refusals, 'the disk was full for the agent').toBeGreaterThan(0);
    // More lines than the outbox holds are written while nobody takes them.
    if (LINES >= 10_000) expect(missing).toBeGreaterThan(0);
  },
);

/** As /dev/kmsg frames records; a row may be written in two pieces. */
function kernelFile(path: string, random: () => number): LineSource {
  writeFileSync(path, '');
  let rest = '';
  let seq = 0;
  return {
    path,
    write(messages) {
      const rows = messages.map((text) => `3,${seq++},${seq * 1000},-;${text}\n`).join('');
      const cut = random() < 0.3 ? Math.floor(random() * rows.length) : rows.length;
      // The last one of a run comes alone, and whole.
      const now = messages.length === 1 ? rows.length : cut;
      appendFileSync(path, rest + rows.slice(0, now));
      rest = rows.slice(now);
    },
  };
}
