import { describe, expect, it } from 'vitest';
import type { KernelLogReader, KernelLogTurn } from '../os/kernel-log.ts';
import { KernelLogCollector } from './kernel-log.ts';
import type { KernelLogMachine, KernelLogOptions } from './kernel-log.ts';

const NOW = Date.UTC(2026, 10, 20, 17);
const BOOT = '11111111-1111-4111-8111-111111111111';

/** A ring or file in memory. `write` adds what the next turn brings. */
function source(kind: KernelLogReader['kind'] = 'device') {
  const turns: (KernelLogTurn | Error)[] = [];
  const state = { nowMs: NOW, bootId: BOOT as string | null, opened: [] as number[], fails: null as Error | null };
  const reader: KernelLogReader = {
    kind,
    read: () => {
      const turn = turns.shift() ?? { lines: [], starts: [], overruns: 0, more: false };
      if (turn instanceof Error) throw turn;
      return { ...turn, more: turns.length > 0 };
    },
    position: () => 77,
    close: () => undefined,
  };
  const machine: KernelLogMachine = {
    open: ({ position }) => {
      if (state.fails !== null) throw state.fails;
      state.opened.push(position);
      return reader;
    },
    bootId: () => state.bootId,
    nowMs: () => state.nowMs,
    uptimeSeconds: () => 1000,
  };
  // Rows of ten bytes.
  const write = (lines: readonly string[], overruns = 0) =>
    turns.push({ lines, starts: lines.map((_, row) => row * 10), overruns, more: false });
  const fail = (code: string) => turns.push(Object.assign(new Error(code), { code }));
  const collector = (options: KernelLogOptions = {}) => new KernelLogCollector({ machine, ...options });
  return { state, write, fail, collector };
}
const xid = (seq: number, xidNumber = 79) =>
  `3,${seq},${seq}000000,-;NVRM: Xid (PCI:0000:91:00): ${xidNumber}, pid=1, name=x, text\n`;

describe('kernel log from the device', () => {
  it('gives events with wall time and sequence number, once', async () => {
    const { write, collector } = source();
    const log = collector();
    write([xid(5), '6,6,6000000,-;unrelated\n']);
    const first = await log.collect();
    expect(first).toMatchObject({
      state: 'ok',
      sample: { cursor: { bootId: BOOT, seq: 6 }, counters: { records: 2 } },
    });
    expect(first.sample?.events).toMatchObject([
      { kind: 'xid', xid: 79, kernelSeq: 5, at: new Date(NOW - 995_000).toISOString() },
    ]);
    expect((await log.collect()).sample?.events).toEqual([]);
  });

  it('says at a glance whether there is news, and gives it to the next collect, once', async () => {
    const { write, collector } = source();
    write([xid(5)]);
    const log = collector();
    expect(log.hasNews()).toBe(true);
    await log.collect();
    expect(log.hasNews()).toBe(false);
    write([xid(6)]);
    expect([log.hasNews(), log.hasNews()]).toEqual([true, true]);
    expect((await log.collect()).sample?.events).toMatchObject([{ kernelSeq: 6 }]);
    expect(log.hasNews()).toBe(false);
    expect((await log.collect()).sample?.events).toEqual([]);
  });

  it('has an overrun for news, and an error, which the next collect says', async () => {
    const { write, fail, collector } = source();
    write([xid(5)]);
    const log = collector();
    await log.collect();
    write([], 1);
    expect(log.hasNews()).toBe(true);
    expect(await log.collect()).toMatchObject({ state: 'unknown', sample: { counters: { overruns: 1 } } });
    fail('EIO');
    expect(log.hasNews()).toBe(true);
    expect(await log.collect()).toMatchObject({ state: 'unknown', reason: expect.stringContaining('EIO') });
    expect(log.hasNews()).toBe(true);
  });

  it('goes on after a restart where it was, without repeating', async () => {
    const { write, collector } = source();
    write([xid(5), xid(6)]);
    const before = collector();
    await before.collect();
    write([xid(5), xid(6), xid(7, 48)]);
    const after = await collector({ cursor: before.cursor }).collect();
    expect(after.sample?.events).toMatchObject([{ kernelSeq: 7, xid: 48 }]);
    expect(after.state).toBe('ok');
  });

  it('begins anew after a boot, and where the cursor is of another log', async () => {
    const { state, write, collector } = source();
    write([xid(500)]);
    const before = collector();
    await before.collect();
    state.bootId = '22222222-2222-4222-8222-222222222222';
    write([xid(5)]);
    expect((await before.collect()).sample).toMatchObject({
      events: [{ kernelSeq: 5 }],
      cursor: { bootId: state.bootId, seq: 5 },
    });
    write([xid(5)]);
    const elsewhere = await collector({ cursor: { path: '/var/log/kern.log', bootId: BOOT, seq: 9 } }).collect();
    expect(elsewhere.sample?.events).toHaveLength(1);
  });

  it('says that records were lost, with their number, and is unknown for a report interval', async () => {
    const { state, write, collector } = source();
    const log = collector();
    write([xid(5), xid(9)]);
    const collected = await log.collect();
    expect(collected).toMatchObject({ state: 'unknown', reason: expect.stringContaining('3 counted') });
    expect(collected.sample?.events).toMatchObject([
      { kind: 'xid' },
      { kind: 'lost-records', count: 3, kernelSeq: 9 },
      { kind: 'xid' },
    ]);
    state.nowMs += 59_999;
    expect((await log.collect()).state).toBe('unknown');
    state.nowMs += 1;
    expect(await log.collect()).toMatchObject({ state: 'ok', sample: { counters: { lost: 3 } } });
  });

  it('notices a gap across a restart', async () => {
    const { write, collector } = source();
    write([xid(50)]);
    const log = collector({ cursor: { path: '/dev/kmsg', bootId: BOOT, seq: 9 } });
    expect(await log.collect()).toMatchObject({ state: 'unknown', sample: { counters: { lost: 40 } } });
  });

  it('shows a loss no longer than that, also when the clock is put back', async () => {
    const { state, write, collector } = source();
    const log = collector();
    write([xid(5), xid(9)]);
    await log.collect();
    state.nowMs -= 86_400_000;
    expect((await log.collect()).state).toBe('ok');
  });

  it('is not a kernel log that gave no record', async () => {
    const { write, collector } = source();
    const log = collector();
    expect(await log.collect()).toMatchObject({ state: 'unknown', reason: expect.stringContaining('--kernel-log') });
    write(['\0\0\0\0']);
    expect((await log.collect()).state).toBe('unknown');
    write([xid(5)]);
    expect((await log.collect()).state).toBe('ok');
    expect((await log.collect()).state).toBe('ok');
  });

  it('does not move its place past a message of which rows are still to come', async () => {
    const { write, collector } = source();
    const rows = [
      'The NVIDIA GPU 0000:5e:00.0',
      '(PCI ID: 10de:1234) installed in this system has',
      'fallen off the bus.',
    ];
    const records = rows.map((row, index) => `3,${7 + index},1,-;NVRM: ${row}\n`);
    const log = collector();
    write([xid(6), ...records.slice(0, 2)]);
    const { sample } = await log.collect();
    expect(sample).toMatchObject({ events: [{ kernelSeq: 6 }], cursor: { seq: 6 } });
    write([xid(6), ...records]);
    const after = await collector({ cursor: sample?.cursor ?? null }).collect();
    expect(after).toMatchObject({
      state: 'ok',
      sample: { events: [{ kind: 'gpu-lost', kernelSeq: 7 }], cursor: { seq: 9 } },
    });
    write(records.slice(2));
    expect(await log.collect()).toMatchObject({ sample: { events: [{ kind: 'gpu-lost' }], cursor: { seq: 9 } } });
  });

  it('counts an overrun whose extent is not known', async () => {
    const { write, collector } = source();
    write([], 1);
    const collected = await collector().collect();
    expect(collected).toMatchObject({ state: 'unknown', sample: { counters: { overruns: 1 } } });
    expect(collected.sample?.events).toMatchObject([{ kind: 'lost-records', count: null }]);
  });

  it('ignores and counts what user space wrote, unless it is told to take it', async () => {
    const forged = xid(5).replace(/^3/, '11');
    const { write, collector } = source();
    write([forged, 'no record at all']);
    expect((await collector().collect()).sample).toMatchObject({ events: [], counters: { forged: 1, malformed: 1 } });
    write([forged]);
    expect((await collector({ acceptUserFacility: true }).collect()).sample?.events).toHaveLength(1);
  });

  it('joins a continued record, and reads a message of three lines as one', async () => {
    const { write, collector } = source();
    const lost = String.raw`NVRM: The NVIDIA GPU 0000:5e:00.0\x0aNVRM: (PCI ID: 10de:1234) installed in this system has\x0aNVRM: fallen off the bus and is not responding to commands.`;
    write(['3,1,1,-;NVRM: Xid (PCI:0000:91:00): 79, pid=1, \n', '3,2,2,c;name=x, off the bus\n', `3,3,3,-;${lost}\n`]);
    expect((await collector().collect()).sample?.events).toMatchObject([
      { kind: 'xid', kernelSeq: 1, process: 'x', detail: 'off the bus' },
      { kind: 'gpu-lost', kernelSeq: 3, pciBusId: '0000:5e:00.0' },
    ]);
  });

  it.each([
    ['ENOENT', 'mount the host'],
    ['EPERM', 'CAP_SYSLOG'],
    ['EACCES', 'CAP_SYSLOG'],
    ['EIO', 'could not be read: EIO'],
  ])('is unknown when it cannot be opened (%s), says how to mend it, and tries again', async (code, advice) => {
    const { state, write, collector } = source();
    const log = collector();
    state.fails = Object.assign(new Error(code), { code });
    expect(await log.collect()).toMatchObject({ state: 'unknown', reason: expect.stringContaining(advice) });
    state.fails = null;
    write([xid(5)]);
    expect((await log.collect()).state).toBe('ok');
  });

  it('keeps what it read before the log failed, and opens it again', async () => {
    const { state, write, fail, collector } = source();
    const log = collector();
    write([xid(5)]);
    fail('EIO');
    const collected = await log.collect();
    expect(collected).toMatchObject({ state: 'unknown', sample: { events: [{ kernelSeq: 5 }] } });
    await log.collect();
    expect(state.opened).toHaveLength(2);
  });
});

describe('kernel log from a file', () => {
  it('reads any framing, joins rows that belong together, and keeps its place', async () => {
    const { state, write, collector } = source('file');
    const log = collector({ path: 'kern.log', cursor: { path: 'kern.log', bootId: 'another boot', seq: 42 } });
    write([
      '[ 1234.567890] NVRM: The NVIDIA GPU 0000:5e:00.0',
      '               NVRM: (PCI ID: 10de:1234) installed in this system has',
    ]);
    expect((await log.collect()).sample).toMatchObject({ events: [], cursor: { seq: 0 } });
    write(['               NVRM: fallen off the bus and is not responding to commands.', 'kernel: something else']);
    const { sample } = await log.collect();
    expect(sample?.events).toMatchObject([{ kind: 'gpu-lost', kernelSeq: null, at: new Date(NOW).toISOString() }]);
    expect(sample?.cursor).toEqual({ path: 'kern.log', bootId: BOOT, seq: 77 });
    expect(state.opened).toEqual([42]);
  });

  it('keeps its place where the kernel does not tell its boot id', async () => {
    const { state, write, collector } = source('file');
    state.bootId = null;
    write(['kernel: something']);
    expect((await collector({ path: 'f' }).collect()).sample?.cursor).toEqual({ path: 'f', bootId: '', seq: 77 });
  });

  it('has no gaps, and no events from the future', async () => {
    const { write, collector } = source('file');
    write([xid(5), xid(5000), '[1.5] NVRM: Xid (PCI:0000:91:00): 48, x']);
    const collected = await collector({ path: 'f', follow: false }).collect();
    expect(collected).toMatchObject({ state: 'ok', sample: { counters: { records: 3, lost: 0 } } });
    const iso = (ms: number) => new Date(ms).toISOString();
    expect(collected.sample?.events.map(({ at }) => at)).toEqual([iso(NOW - 995_000), iso(NOW), iso(NOW - 998_500)]);
  });

  it('takes an indented row for the rest of a message, never for a message', async () => {
    const { write, collector } = source('file');
    write([
      'Nov 20 17:00:00 n1 app[7]: first line of many',
      '                           NVRM: Xid (PCI:0000:91:00): 79, pid=1, name=x',
      '                           Linux version 6.8.0-45 (a@b) (gcc) #1',
    ]);
    const collected = await collector({ path: 'f', follow: false }).collect();
    expect(collected.sample?.events).toEqual([]);
  });

  it('tells where a boot begins', async () => {
    const { write, collector } = source('file');
    write([
      '[ 900.1] NVRM: Xid (PCI:0000:91:00): 79, x',
      '[    0.000000] Linux version 6.8.0-45-generic (b@h) (gcc 13) #1 SMP',
    ]);
    const collected = await collector({ path: 'f', follow: false }).collect();
    expect(collected.sample?.events.map(({ kind }) => kind)).toEqual(['xid', 'boot']);
  });
});
