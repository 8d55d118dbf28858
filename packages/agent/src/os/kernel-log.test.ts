import {
  accessSync,
  appendFileSync,
  constants,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MACHINE, openKernelLog } from './kernel-log.ts';
import type { KernelLogIo } from './kernel-log.ts';

/** A device whose reads answer in turn: a record, or an error code; then EAGAIN for ever. */
function device(answers: readonly string[]): { io: KernelLogIo; reads: () => number } {
  const left = [...answers];
  let reads = 0;
  const stat = { size: 0, ino: 1, isFile: () => false, isCharacterDevice: () => true };
  const read: KernelLogIo['read'] = (_fd, buffer, length) => {
    reads += 1;
    const answer = left.shift() ?? 'EAGAIN';
    if (/^E[A-Z]+$/.test(answer)) throw Object.assign(new Error(answer), { code: answer });
    if (answer.length > length) throw Object.assign(new Error('EINVAL'), { code: 'EINVAL' });
    return buffer.write(answer, 'latin1');
  };
  return { io: { open: () => 3, stat: () => stat, inode: () => 1, read, close: () => undefined }, reads: () => reads };
}
const place = { path: '/dev/kmsg', position: 0, follow: true };

describe('device', () => {
  it('reads records until there are no more', () => {
    const reader = openKernelLog(place, device(['6,1,1,-;a\n', '6,2,2,-;b\n']).io);
    expect(reader.read()).toMatchObject({ lines: ['6,1,1,-;a\n', '6,2,2,-;b\n'], overruns: 0, more: false });
    expect(reader.read()).toMatchObject({ lines: [], overruns: 0, more: false });
  });

  it('counts an overrun and goes on', () => {
    const reader = openKernelLog(place, device(['6,1,1,-;a\n', 'EPIPE', '6,9,9,-;b\n']).io);
    expect(reader.read()).toMatchObject({ overruns: 1, lines: { length: 2 } });
  });

  it('takes a larger buffer for a larger record, within a bound', () => {
    const large = `6,1,1,-;${'x'.repeat(20_000)}\n`;
    const reader = openKernelLog(place, device([large, large, large, '6,2,2,-;b\n']).io);
    expect(reader.read().lines.map(({ length }) => length)).toEqual([large.length, 10]);
    const huge = `6,1,1,-;${'x'.repeat(100_000)}\n`;
    expect(() => openKernelLog(place, device(Array.from({ length: 8 }, () => huge)).io).read()).toThrow('EINVAL');
  });

  it('bounds a turn, whatever the device answers', () => {
    const flood = device(Array.from({ length: 10_000 }, (_, seq) => `6,${seq},1,-;x\n`));
    expect(openKernelLog(place, flood.io).read()).toMatchObject({ more: true, lines: { length: 4096 } });
    const storm = device(Array.from({ length: 10_000 }, () => 'EPIPE'));
    expect(openKernelLog(place, storm.io).read().more).toBe(true);
    expect(storm.reads()).toBeLessThan(100);
  });

  it('does not take for a kernel log what has an end', () => {
    expect(() => openKernelLog({ ...place, path: '/dev/null' }).read()).toThrow('is it /dev/null?');
  });

  it('hands on an error that it has no answer to', () => {
    expect(() => openKernelLog(place, device(['EPERM']).io).read()).toThrow('EPERM');
  });

  const isReadable = (): boolean => {
    try {
      accessSync('/dev/kmsg', constants.R_OK);
      openKernelLog(place).close();
      return true;
    } catch {
      return false;
    }
  };
  const readable = isReadable();
  if (!readable) console.warn('SKIPPED, /dev/kmsg cannot be read: "reads the real /dev/kmsg without blocking"');
  it.skipIf(!readable)('reads the real /dev/kmsg without blocking', () => {
    const reader = openKernelLog(place);
    const { lines } = reader.read();
    reader.close();
    for (const line of lines) expect(line).toMatch(/^\d+,\d+,\d+,[^;]*;/);
  });
});

describe('file', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trivet-kernel-log-'));
    path = join(folder, 'kern.log');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('reads whole rows, then what is appended', () => {
    writeFileSync(path, 'one\n\ntwo\nhal');
    const reader = openKernelLog({ ...place, path });
    expect(reader.read()).toEqual({ lines: ['one', 'two'], starts: [0, 5], overruns: 0, more: false });
    expect(reader.position()).toBe(9);
    appendFileSync(path, 'f\n');
    expect(reader.read()).toMatchObject({ lines: ['half'], starts: [9] });
    reader.close();
  });

  it('takes a last row without a newline when nothing more will come', () => {
    writeFileSync(path, 'one\ntwo');
    const reader = openKernelLog({ path, position: 0, follow: false });
    expect(reader.read().lines).toEqual(['one', 'two']);
    expect(reader.read().lines).toEqual([]);
    reader.close();
  });

  it('goes on where it was left, and starts over in a file that was cut', () => {
    writeFileSync(path, 'one\ntwo\n');
    const reader = openKernelLog({ path, position: 4, follow: true });
    expect(reader.read().lines).toEqual(['two']);
    truncateSync(path);
    appendFileSync(path, 'new\n');
    expect(reader.read().lines).toEqual(['new']);
    reader.close();
  });

  it('follows a rotated file after it has read the old one', () => {
    writeFileSync(path, 'one\n');
    const reader = openKernelLog({ ...place, path });
    reader.read();
    appendFileSync(path, 'two\n');
    renameSync(path, `${path}.1`);
    expect(reader.read().lines).toEqual(['two']);
    writeFileSync(path, 'three\n');
    expect(reader.read()).toMatchObject({ lines: [], more: true });
    expect(reader.read().lines).toEqual(['three']);
    reader.close();
  });

  it('drops a row that is too long, whole, and reads the next', () => {
    writeFileSync(path, `one\n${'x'.repeat(700_000)}NVRM: tail\ntwo\n`);
    const reader = openKernelLog({ ...place, path });
    const rows: string[] = [];
    for (let turn = reader.read(); ; turn = reader.read()) {
      rows.push(...turn.lines);
      if (!turn.more) break;
    }
    expect(rows).toEqual(['one', 'two']);
    reader.close();
  });

  it('refuses what is neither device nor file, and says what to do', () => {
    expect(() => openKernelLog({ ...place, path: folder })).toThrow('save the log to a file first');
    expect(() => openKernelLog({ ...place, path: join(folder, 'none') }, MACHINE)).toThrow('ENOENT');
  });
});
