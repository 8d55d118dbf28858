import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentError } from '../errors.ts';
import { createLog } from '../log.ts';
import { openOutbox } from './open.ts';
import type { NewEvent, Outbox } from './outbox.ts';

const AT = '2026-11-20T17:00:00.000Z';
const ALL = { events: 1e6, bytes: 1e9 };
const log = createLog({ level: 'error', now: () => 0, write: () => {} });

let directory: string;
let outbox: Outbox;

function open(maxBytes = 1024 * 1024, node = 'gpu-1'): Outbox {
  return openOutbox(directory, { node, log, maxBytes });
}
function event(n: number, padding = 0): NewEvent {
  return { kind: 'count', at: AT, body: { n, padding: 'x'.repeat(padding) } };
}
function numbers(from = 0): unknown[] {
  return outbox.pending(from, ALL).map(({ body }) => body['n']);
}
function onDisk(): number {
  const segments = readdirSync(directory).filter((name) => name.endsWith('.log'));
  return segments.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'trivet-outbox-'));
  outbox = open();
});
afterEach(() => {
  outbox.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('outbox', () => {
  it('numbers events from 1 and gives them back oldest first', () => {
    expect(outbox.append([event(1), event(2)])).toBe(2);
    expect(outbox.append([event(3)])).toBe(3);
    expect(outbox.pending(1, ALL)).toEqual([
      { seq: 2, kind: 'count', at: AT, body: { n: 2, padding: '' } },
      { seq: 3, kind: 'count', at: AT, body: { n: 3, padding: '' } },
    ]);
    expect(outbox.depth).toBe(3);
  });

  it('gives no more than asked, but always one', () => {
    outbox.append([event(1, 500), event(2, 500), event(3, 500)]);
    expect(outbox.pending(0, { events: 2, bytes: 1e6 })).toHaveLength(2);
    expect(outbox.pending(0, { events: 9, bytes: 1300 })).toHaveLength(2);
    expect(outbox.pending(0, { events: 9, bytes: 1 })).toHaveLength(1);
  });

  it('forgets what is acknowledged, across a restart too, and goes on counting', () => {
    outbox.append([event(1), event(2), event(3)]);
    outbox.ack(2);
    expect(numbers()).toEqual([3]);
    outbox.close();
    const { agentId, streamId } = outbox;
    outbox = open();
    expect(outbox).toMatchObject({ agentId, streamId, depth: 1, lost: 0 });
    outbox.ack(3);
    outbox.close();
    outbox = open();
    expect(outbox.append([event(4)])).toBe(4);
    expect(numbers()).toEqual([4]);
  });

  it('takes an acknowledgement also when the disk keeps what is to be removed', () => {
    outbox.close();
    outbox = open(64 * 1024);
    for (let n = 1; n <= 20; n++) outbox.append([event(n, 500)]);
    const oldest = join(directory, readdirSync(directory).find((name) => name.endsWith('.log')) ?? '');
    rmSync(oldest);
    mkdirSync(oldest);
    outbox.ack(20);
    expect(outbox).toMatchObject({ depth: 0, lost: 0 });
    rmdirSync(oldest);
  });

  it('sends again when the acknowledgement was lost', () => {
    outbox.append([event(1), event(2)]);
    outbox.ack(1);
    rmSync(join(directory, 'progress'));
    outbox.close();
    outbox = open();
    expect(numbers()).toEqual([1, 2]);
    expect(outbox.append([event(3)])).toBe(3);
  });

  it('never forgets on an acknowledgement from the past or beyond its end', () => {
    outbox.append([event(1), event(2)]);
    outbox.ack(1);
    outbox.ack(0);
    expect(numbers()).toEqual([2]);
    outbox.ack(99);
    expect(outbox.append([event(3)])).toBe(3);
    expect(numbers()).toEqual([3]);
  });

  it('remembers cursors when the segments that held them are gone', () => {
    outbox.append([{ ...event(1), cursor: { source: 'kernel', position: 'boot:7' } }]);
    for (let n = 2; n < 400; n++) outbox.append([event(n, 1000)]);
    outbox.ack(399);
    expect(onDisk()).toBeLessThan(200_000);
    expect(outbox.cursor('kernel')).toBe('boot:7');
    outbox.close();
    outbox = open();
    expect(outbox.cursor('kernel')).toBe('boot:7');
    expect(outbox.cursor('other')).toBeNull();
  });

  it('keeps its bound on disk by dropping the oldest, and counts them', () => {
    outbox.close();
    outbox = open(64 * 1024);
    for (let n = 1; n <= 500; n++) {
      expect(outbox.append([event(n, 500)])).toBe(n);
      expect(onDisk()).toBeLessThanOrEqual(64 * 1024);
    }
    const left = numbers();
    expect(left.at(-1)).toBe(500);
    expect(outbox.depth).toBe(left.length);
    expect(outbox.lost).toBe(500 - left.length);
    expect(outbox.lost).toBeGreaterThan(300);
    const { lost } = outbox;
    outbox.close();
    outbox = open(64 * 1024);
    expect(numbers()).toEqual(left);
    expect(outbox.lost).toBe(lost);
  });

  it('says that it could not store, keeps what it has, and stores later', () => {
    outbox.append([event(1)]);
    outbox.close();
    // The next append has to begin a segment, where a folder is: every write fails, whoever runs the test.
    const next = join(directory, '0000000000000002.log');
    outbox = open(1600);
    mkdirSync(next);
    expect(outbox.append([event(2)])).toBeNull();
    expect(outbox.append([event(2)])).toBeNull();
    expect(outbox.failures).toBe(2);
    rmdirSync(next);
    expect(outbox.append([event(2)])).toBe(2);
    expect(numbers()).toEqual([1, 2]);
  });

  it('replaces a body over the bound, and says its size', () => {
    outbox.append([event(1, 100_000)]);
    expect(outbox.pending(0, ALL)[0]?.body).toEqual({ droppedBodyBytes: 100_020 });
  });

  it('counts damage that it meets while running', () => {
    outbox.append([event(1), event(2), event(3)]);
    const path = join(directory, readdirSync(directory).find((name) => name.endsWith('.log')) ?? '');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"n":2', '"n":7'));
    expect(numbers()).toEqual([1, 3]);
    expect(numbers()).toEqual([1, 3]);
    expect(outbox.lost).toBe(1);
    expect(outbox.depth).toBe(2);
  });

  it('is another agent when its folder comes to another node', () => {
    outbox.append([event(1), event(2)]);
    outbox.ack(1);
    outbox.close();
    const { agentId, streamId } = outbox;
    outbox = open(1024 * 1024, 'gpu-2');
    expect(outbox.agentId).not.toBe(agentId);
    expect(outbox.streamId).not.toBe(streamId);
    expect(outbox).toMatchObject({ depth: 0, lost: 1 });
    expect(outbox.append([event(3)])).toBe(1);
  });

  it('takes a new stream durably', () => {
    outbox.append([event(1)]);
    outbox.renewStream('another');
    outbox.close();
    outbox = open();
    expect(outbox.streamId).toBe('another');
    expect(numbers()).toEqual([1]);
  });

  it.each(['identity.json', 'progress'])('lives with a damaged %s', (name) => {
    outbox.append([event(1)]);
    outbox.ack(1);
    outbox.append([event(2)]);
    outbox.close();
    writeFileSync(join(directory, name), '{"v":1,');
    outbox = open();
    expect(numbers()).toContain(2);
    expect(outbox.append([event(3)])).toBe(3);
  });

  it('says what to do about a folder that cannot be used', () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(() => openOutbox(join(file, 'outbox'), { node: 'gpu-1', log })).toThrow(AgentError);
    expect(() => openOutbox(join(file, 'outbox'), { node: 'gpu-1', log })).toThrow(/stateDir/);
  });

  it('starts on a full disk, keeps its events for later, and stores them once there is room', () => {
    outbox.close();
    rmSync(join(directory, 'identity.json'));
    // Every write to it says ENOSPC, whoever runs the test; the agent then removes the link, and the disk has room.
    symlinkSync('/dev/full', join(directory, 'identity.json.tmp'));
    outbox = open();
    const { agentId } = outbox;
    expect(existsSync(join(directory, 'identity.json'))).toBe(false);
    symlinkSync('/dev/full', join(directory, 'identity.json.tmp'));
    expect(outbox.append([event(1)])).toBeNull();
    expect(outbox).toMatchObject({ depth: 0, failures: 1, lost: 0 });
    expect(outbox.append([event(1)])).toBe(1);
    outbox.close();
    outbox = open();
    expect(outbox.agentId).toBe(agentId);
    expect(numbers()).toEqual([1]);
  });

  it('begins a segment on a disk that was full when it first tried', () => {
    const path = join(directory, '0000000000000001.log');
    symlinkSync('/dev/full', path);
    expect(outbox.append([event(1)])).toBeNull();
    expect(outbox.append([event(1)])).toBe(1);
    // And over one that it could not remove again.
    outbox.close();
    rmSync(path);
    outbox = open();
    writeFileSync(path, 'x'.repeat(300));
    expect(outbox.append([event(2)])).toBe(1);
    expect(numbers()).toEqual([2]);
  });

  it('drops nothing that it cannot count: the append waits instead', () => {
    outbox.close();
    outbox = open(64 * 1024);
    const progress = join(directory, 'progress');
    mkdirSync(progress);
    let n = 1;
    while (outbox.append([event(n, 500)]) !== null) n += 1;
    expect(outbox).toMatchObject({ lost: 0, depth: n - 1 });
    rmdirSync(progress);
    expect(outbox.append([event(n, 500)])).toBe(n);
    expect(outbox.lost).toBeGreaterThan(0);
    expect(outbox.lost + outbox.depth).toBe(n);
  });

  it('counts events whose file was removed behind its back, and goes on', () => {
    outbox.append([event(1), event(2)]);
    outbox.ack(1);
    rmSync(join(directory, '0000000000000001.log'));
    expect(outbox.append([event(3)])).toBe(3);
    expect(numbers()).toEqual([3]);
    expect(outbox).toMatchObject({ depth: 1, lost: 1 });
    outbox.close();
    outbox = open();
    expect(numbers()).toEqual([3]);
    expect(outbox.lost).toBe(1);
  });

  it('gives up a segment that cannot be read for long, rather than hold back what is behind it', () => {
    outbox.close();
    outbox = open(16 * 1024);
    for (let n = 1; n <= 4; n++) outbox.append([event(n, 900)]);
    rmSync(join(directory, '0000000000000001.log'));
    expect(numbers()).toEqual([]);
    for (let attempt = 0; attempt < 200; attempt++) numbers();
    expect(numbers()).toEqual([2, 3, 4]);
    expect(outbox).toMatchObject({ depth: 3, lost: 1 });
  });

  it('counts reports that were never sent, durably', () => {
    outbox.countDroppedReport();
    outbox.countDroppedReport();
    outbox.close();
    outbox = open();
    expect(outbox.reportsDropped).toBe(2);
  });
});
