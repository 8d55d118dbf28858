import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecord, unframe } from './kernel-record.ts';

describe('a line of another program', () => {
  it.each([
    'sshd[7]: kernel: NVRM: Xid (PCI:0000:1b:00): 79, x',
    'app: kernel: NVRM: Xid (PCI:0000:1b:00): 79, x',
    '2026-11-20T17:00:00Z app: kernel: NVRM: Xid (PCI:0000:1b:00): 79, x',
    'Nov 20 17:00:00 node app: kernel: NVRM: Xid (PCI:0000:1b:00): 79, x',
  ])('keeps its tag where the log names no host: %s', (row) => {
    expect(unframe(row, { nowMs: 0, bootMs: 0 }).text).toMatch(/^(?:node )?(?:sshd\[7\]|app): kernel: /);
  });
});

describe('parseRecord', () => {
  it('reads the fields and passes over those that it does not know', () => {
    expect(parseRecord('6,3964,206764307,-;nvidia-nvswitch2: open (major=510)\n')).toEqual({
      facility: 0,
      seq: 3964,
      microseconds: 206764307,
      continuation: false,
      text: 'nvidia-nvswitch2: open (major=510)',
    });
    expect(parseRecord('3,1,2,c,caller=T1946,more;text; with; semicolons')).toMatchObject({
      continuation: true,
      text: 'text; with; semicolons',
    });
  });

  it('leaves the KEY=value lines out of the text', () => {
    expect(parseRecord('6,1,2,-;nvidia 0000:02:00.0: x\n SUBSYSTEM=pci\n DEVICE=+pci:0000:02:00.0\n')?.text).toBe(
      'nvidia 0000:02:00.0: x',
    );
  });

  it('tells who wrote it by the facility', () => {
    expect(parseRecord('11,345,961008282,-;NVRM: Xid (PCI:0000:81:00): 79')?.facility).toBe(1);
    expect(parseRecord('7,1,1,-;x')?.facility).toBe(0);
  });

  it('unescapes, UTF-8 too', () => {
    expect(parseRecord(String.raw`14,349,1603523309,-;a\x0ab\x5cc\x09\xc3\xa9 end`)?.text).toBe('a\nb\\c\té end');
  });

  it.each(['', 'text', '6,1,2;x', '6,1,-;x', 'a,1,2,-;x', '6,1,2,-', '99999999999,1,2,-;x'])(
    'no record: %s',
    (line) => {
      expect(parseRecord(line)).toBeNull();
    },
  );

  it('never throws, and its numbers are safe', () => {
    const line = fc
      .tuple(
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        fc.string({ unit: 'binary' }),
      )
      .map(([prio, seq, text]) => `${prio % 300n},${seq},${prio},-;${text}`);
    fc.assert(
      fc.property(fc.oneof(line, fc.string({ unit: 'binary' })), (text) => {
        const record = parseRecord(text);
        if (record === null) return;
        expect(Number.isFinite(new Date(record.microseconds / 1000).getTime())).toBe(true);
        expect(Number.isFinite(record.seq)).toBe(true);
      }),
    );
  });
});

describe('unframe', () => {
  const nowMs = Date.UTC(2026, 10, 20, 17);
  const clock = { nowMs, bootMs: nowMs - 1_000_000_000 };
  const text = 'NVRM: Xid (PCI:0000:2b:00): 31, pid=1';

  it.each([
    ['bare', '', null],
    ['journal without a host', 'kernel: ', null],
    ['journal without a host, with seconds', 'kernel: [ 2484.374025] ', clock.bootMs + 2_484_374],
    ['dmesg', '[ 130.456250] ', clock.bootMs + 130_456],
    ['dmesg with a caller', '[ 130.456250] [ T1946] ', clock.bootMs + 130_456],
    ['dmesg with a CPU as caller', '[    0.000000] [    C12] ', clock.bootMs],
    ['dmesg of another machine, up for longer', '[6781741.548779] ', null],
    ['dmesg -d', '[  +0.000844] ', null],
    ['dmesg -T', '[Sun Feb 23 16:24:18 2025] ', new Date(2025, 1, 23, 16, 24, 18).getTime()],
    ['dmesg -T, one-digit day', '[Fri Mar  3 04:27:08 2023] ', new Date(2023, 2, 3, 4, 27, 8).getTime()],
    ['dmesg --decode, ISO', 'kern  :warn  : 2025-01-21T04:41:44,283302+00:00 ', Date.UTC(2025, 0, 21, 4, 41, 44, 283)],
    ['journalctl -o short-iso', '2025-01-21T04:41:44+0100 gpu-17 kernel: ', Date.UTC(2025, 0, 21, 3, 41, 44)],
    ['syslog, this year', 'Oct 07 15:47:47 gpu-17 kernel: ', new Date(2026, 9, 7, 15, 47, 47).getTime()],
    ['syslog, last year', 'Dec  9 16:18:02 gpu-17 kernel: [68183.615790] ', new Date(2025, 11, 9, 16, 18, 2).getTime()],
    ['dmesg --raw', '<3>[ 130.456250] ', clock.bootMs + 130_456],
    [
      'journalctl -o short-precise',
      'Oct 07 15:47:47.123456 gpu-17 kernel: ',
      new Date(2026, 9, 7, 15, 47, 47).getTime(),
    ],
    ['journalctl -o short-full', 'Tue 2025-01-21 04:41:44 UTC gpu-17 kernel: ', Date.UTC(2025, 0, 21, 4, 41, 44)],
    [
      'journalctl -o short-full, local',
      'Tue 2025-01-21 04:41:44 CET gpu-17 kernel: ',
      new Date(2025, 0, 21, 4, 41, 44).getTime(),
    ],
    ['journalctl -o short-unix', '1737434504.283302 gpu-17 kernel: ', 1_737_434_504_000],
    ['journalctl -o short-monotonic', '[  130.456250] gpu-17 kernel: ', clock.bootMs + 130_456],
    ['indented row of a message', '               ', null],
  ])('%s', (_, frame, atMs) => {
    expect(unframe(frame + text, clock)).toEqual({ text, atMs });
  });

  it('takes line ends as they come', () => {
    expect(unframe(`kernel: ${text}\r`, clock).text).toBe(text);
  });

  it('leaves the tag of another program', () => {
    expect(unframe(`Oct 07 15:47:47 gpu-17 kubelet[12]: ${text}`, clock).text).toBe(`gpu-17 kubelet[12]: ${text}`);
    expect(unframe(`Oct 07 15:47:47 gpu-17 app: kernel: ${text}`, clock).text).toContain('app:');
    // Priority 14: user space.
    expect(unframe(`<14>${text}`, clock).text).toContain('<14>');
  });

  it('never throws, and gives a time that can be printed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('[', '[Sun Feb 23 16:24:18 2025', '2025-01-21T'),
        (rest, start) => {
          const row = unframe(start + rest, clock);
          if (row.atMs !== null) expect(() => new Date(row.atMs ?? 0).toISOString()).not.toThrow();
        },
      ),
    );
  });
});
