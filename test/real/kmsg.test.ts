/** Kernel lines through the real /dev/kmsg: written by the test, read by the real daemon, stored by the real aggregator. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { run } from '../chaos/kernel-lines-run.ts';
import { World } from '../chaos/kernel-lines-world.ts';
import type { LineSource, WorldOptions } from '../chaos/kernel-lines-world.ts';
import { seeded } from '../chaos/seeded.ts';
import { smallDisk } from '../chaos/small-disk.ts';
import { KMSG, whyNotWritable, writeKernel } from './kmsg.ts';

/** Few enough to stay in the smallest ring while the agent is dead. */
const LINES = 600;
const SEED = 63;
/** Lines of earlier runs may fill the ring, and are events, too. */
const believing = {
  main: join(import.meta.dirname, 'kmsg-agent.ts'),
  flags: ['--outbox-max-bytes', String(64 * 1024 * 1024)],
};
const why = whyNotWritable();
const kmsgIt = why === null ? it : it.skip;
const where = why === null ? KMSG : `${KMSG} (cannot be written here: ${why})`;
const source: LineSource = {
  path: KMSG,
  write: (messages) => messages.forEach(writeKernel),
};

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'trivet-kmsg-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function world(options: Partial<WorldOptions>): Promise<World> {
  const made = new World({ folder: folder(), source, disks: [], random: seeded(SEED), ...options });
  onTestFinished(() => made.clear());
  await made.start();
  return made;
}

kmsgIt(
  `${LINES} lines in ${where} arrive once, through SIGKILLs, a cut network and a full disk`,
  async () => {
    const path = folder();
    const disk = smallDisk(join(path, 'agent'));
    const disks = disk === null ? [] : [disk];
    const progress = (text: string) => void process.stderr.write(`kmsg: ${text}\n`);
    const outcome = await run({
      folder: path,
      source,
      disks,
      random: seeded(SEED),
      lines: LINES,
      agent: believing,
      progress,
    });
    const { arrived, lost, lostByBeat, overcountMax } = outcome;
    const once = new Set(arrived);
    expect(arrived.length, 'none twice').toBe(once.size);
    expect(lost, 'what is missing is counted').toBeGreaterThanOrEqual(LINES - once.size);
    expect(lost).toBeLessThanOrEqual(LINES - once.size + overcountMax + 1);
    expect(lostByBeat).toBe(lost);
    expect(outcome).toMatchObject({ streams: 1, exits: [0, 0] });
  },
  300_000,
);

kmsgIt(`in production lines that user space writes into ${where} are counted as forged, and not believed`, async () => {
  const made = await world({});
  await made.until('the ring to be read', async () => (await made.metric('trivet_kernel_log_records_total')) > 0);
  const before = await made.metric('trivet_kernel_log_forged_total');
  await made.write(5, 0);
  await made.until(
    'five forged lines',
    async () => (await made.metric('trivet_kernel_log_forged_total')) >= before + 5,
  );
  expect(await made.hasArrived(5)).toBe(false);
  const { agent } = await made.books();
  expect(agent).not.toContain('code="xid.31"');
  await made.end();
  expect(made.stored().numbers).toEqual([]);
});

kmsgIt(`what ${where} overwrote before it was read is counted, told and makes the log unknown`, async () => {
  const made = await world({ agent: believing });
  await made.until('the ring to be read', async () => (await made.metric('trivet_kernel_log_records_total')) > 0);
  const pid = made.agentPid ?? 0;
  process.kill(pid, 'SIGSTOP');
  // More than any ring of up to 4 MiB holds; it stops as soon as the first one of them is gone.
  const ring = overrun(made);
  process.kill(pid, 'SIGCONT');
  expect(ring, 'the ring was overrun').toBe(true);
  await made.until('the last line', () => made.hasArrived(made.lines));
  await made.until('an empty outbox', async () => (await made.metric('trivet_agent_outbox_events')) === 0);
  const lost = await made.metric('trivet_kernel_log_lost_total');
  const { agent } = await made.books();
  await made.end();
  const { numbers, kernelLost } = made.stored();
  expect(new Set(numbers).size, 'none twice').toBe(numbers.length);
  expect(lost).toBeGreaterThan(0);
  expect(kernelLost, 'told as an event with the same number').toBe(lost);
  // Other programs write there, too: their lines may be among those that were lost, ours cannot be missing uncounted.
  expect(numbers.length + lost).toBeGreaterThanOrEqual(made.lines);
  expect(agent).toMatch(/trivet_collector_state\{collector="kernel-log",required="true",state="unknown"\} 1/);
});

const PORTION = 500;
const PORTIONS_MAX = 60;

/** Whether the first line that was written is no longer in the ring. */
function overrun(made: World): boolean {
  const first = made.lineText(made.lines + 1);
  for (let portion = 0; portion < PORTIONS_MAX; portion++) {
    made.writeNow(PORTION);
    if (!execFileSync('dmesg', { maxBuffer: 64 * 1024 * 1024 }).includes(first)) return true;
  }
  return false;
}

kmsgIt(`a restart goes on in ${where} behind the line that it read last`, async () => {
  const made = await world({ agent: believing });
  await made.write(3, 0);
  await made.until('the third line', () => made.hasArrived(3));
  await made.killAgent();
  await made.write(3, 0);
  made.startAgent();
  await made.until('the sixth line', () => made.hasArrived(6));
  const records = await made.metric('trivet_kernel_log_records_total');
  const ring = execFileSync('dmesg', { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).split('\n').length;
  expect(records, 'the ring was not read from its begin again').toBeLessThan(ring);
  await made.end();
  expect(made.stored().numbers).toEqual([1, 2, 3, 4, 5, 6]);
});
