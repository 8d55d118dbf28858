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
    expect(parseRecord('6,4711,123456789,-;nvidia-nvswitch1: open (major=500)\n')).toEqual({
      facility: 0,
      seq: 4711,
      microseconds: 123456789,
      continuation: false,
      text: 'nvidia-nvswitch1: open (major=500)',
    });
    expect(parseRecord('3,1,2,c,caller=T4711,more;text; with; semicolons')).toMatchObject({
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
    expect(parseRecord('11,345,123456789,-;NVRM: Xid (PCI:0000:1b:00): 79')?.facility).toBe(1);
    expect(parseRecord('7,1,1,-;x')?.facility).toBe(0);
  });

  it('unescapes, UTF-8 too', () => {
    expect(parseRecord(String.raw`14,349,1234567890,-;a\x0ab\x5cc\x09\xc3\xa9 end`)?.text).toBe('a\nb\\c\té end');
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
  const text = 'NVRM: Xid (PCI:0000:1b:00): 31, pid=1';

  it.each([
    ['bare', '', null],
    ['journal without a host', 'kernel: ', null],
    ['journal without a host, with seconds', 'kernel: [ 2345.678125] ', clock.bootMs + 2_345_678],
    ['dmesg', '[ 123.456250] ', clock.bootMs + 123_456],
    ['dmesg with a caller', '[ 123.456250] [ T4711] ', clock.bootMs + 123_456],
    ['dmesg with a CPU as caller', '[    0.000000] [    C12] ', clock.bootMs],
    ['dmesg of another machine, up for longer', '[7654321.012345] ', null],
    ['dmesg -d', '[  +0.000123] ', null],
    ['dmesg -T', '[Mon Feb 10 11:12:13 2025] ', new Date(2025, 1, 10, 11, 12, 13).getTime()],
    ['dmesg -T, one-digit day', '[Tue Mar  7 10:11:12 2023] ', new Date(2023, 2, 7, 10, 11, 12).getTime()],
    ['dmesg --decode, ISO', 'kern  :warn  : 2025-01-22T04:05:06,789012+00:00 ', Date.UTC(2025, 0, 22, 4, 5, 6, 789)],
    ['journalctl -o short-iso', '2025-01-22T04:05:06+0100 gpu-17 kernel: ', Date.UTC(2025, 0, 22, 3, 5, 6)],
    ['syslog, this year', 'Oct 08 10:11:12 gpu-17 kernel: ', new Date(2026, 9, 8, 10, 11, 12).getTime()],
    [
      'syslog, last year',
      'Dec  9 13:14:15 gpu-17 kernel: [12345.678125] ',
      new Date(2025, 11, 9, 13, 14, 15).getTime(),
    ],
    ['dmesg --raw', '<3>[ 123.456250] ', clock.bootMs + 123_456],
    [
      'journalctl -o short-precise',
      'Oct 08 10:11:12.123456 gpu-17 kernel: ',
      new Date(2026, 9, 8, 10, 11, 12).getTime(),
    ],
    ['journalctl -o short-full', 'Wed 2025-01-22 04:05:06 UTC gpu-17 kernel: ', Date.UTC(2025, 0, 22, 4, 5, 6)],
    [
      'journalctl -o short-full, local',
      'Wed 2025-01-22 04:05:06 CET gpu-17 kernel: ',
      new Date(2025, 0, 22, 4, 5, 6).getTime(),
    ],
    ['journalctl -o short-unix', '1737518706.789012 gpu-17 kernel: ', 1_737_518_706_000],
    ['journalctl -o short-monotonic', '[  123.456250] gpu-17 kernel: ', clock.bootMs + 123_456],
    ['indented row of a message', '               ', null],
  ])('%s', (_, frame, atMs) => {
    expect(unframe(frame + text, clock)).toEqual({ text, atMs });
  });

  it('takes line ends as they come', () => {
    expect(unframe(`kernel: ${text}\r`, clock).text).toBe(text);
  });

  it('leaves the tag of another program', () => {
    expect(unframe(`Oct 08 10:11:12 gpu-17 kubelet[12]: ${text}`, clock).text).toBe(`gpu-17 kubelet[12]: ${text}`);
    expect(unframe(`Oct 08 10:11:12 gpu-17 app: kernel: ${text}`, clock).text).toContain('app:');
    // Priority 14: user space.
    expect(unframe(`<14>${text}`, clock).text).toContain('<14>');
  });

  it('never throws, and gives a time that can be printed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('[', '[Mon Feb 10 11:12:13 2025', '2025-01-21T'),
        (rest, start) => {
          const row = unframe(start + rest, clock);
          if (row.atMs !== null) expect(() => new Date(row.atMs ?? 0).toISOString()).not.toThrow();
        },
      ),
    );
  });
});
