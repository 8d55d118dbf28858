import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateKeeper } from './agent-state.ts';
import { createLog } from './log.ts';
import { openOutbox } from './outbox/open.ts';
import type { NewEvent, Outbox } from './outbox/outbox.ts';

const ALL = { events: 1e6, bytes: 1e9 };
const log = createLog({ level: 'error', now: () => 0, write: () => {} });

let folder: string;
let path: string;
let outbox: Outbox;

function open(node = 'gpu-1'): StateKeeper {
  outbox?.close();
  outbox = openOutbox(join(folder, 'outbox'), { node, log });
  return new StateKeeper(path, node, outbox, log);
}
function event(n: number): NewEvent {
  return { kind: 'count', at: '2026-11-20T17:00:00.000Z', body: { n } };
}
function numbers(): unknown[] {
  return outbox.pending(0, ALL).map(({ body }) => body['n']);
}
/** Every field is there and of its type, but the ledger is of no agent. */
const HOLLOW = `{"v":1,"node":"gpu-1","ledger":{},"mostGpusSeen":1,"hardware":{"serial":null,"gpus":[]},"kernelCursor":null,"eventCount":1,"events":[]}`;
const cursor = (seq: number) => ({ path: '/dev/kmsg', bootId: 'b', seq });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trivet-state-'));
  path = join(folder, 'state.json');
});
afterEach(() => {
  outbox.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('StateKeeper', () => {
  it('commits state and events together, and finds both again', () => {
    open().commit({ kernelCursor: cursor(7), mostGpusSeen: 8 }, [event(1), event(2)]);
    const again = open();
    expect(again.state).toMatchObject({ kernelCursor: cursor(7), mostGpusSeen: 8, eventCount: 2 });
    expect(numbers()).toEqual([1, 2]);
    again.commit({}, [event(3)]);
    expect(numbers()).toEqual([1, 2, 3]);
    expect(again.isDurable).toBe(true);
  });

  it('brings to the outbox what a kill kept from it, and only that', () => {
    open().commit({}, [event(1)]);
    const killed = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...killed, eventCount: 3, events: [event(1), event(2), event(3)] }));
    open();
    expect(numbers()).toEqual([1, 2, 3]);
    open();
    expect(numbers()).toEqual([1, 2, 3]);
  });

  it('gives the outbox nothing that a refusing disk has not taken, and tries again', () => {
    const keeper = open();
    // A folder where the file has to go: every write fails, whoever runs the test.
    mkdirSync(`${path}.tmp`);
    keeper.commit({ kernelCursor: cursor(7) }, [event(1)]);
    keeper.commit({ kernelCursor: cursor(8) }, [event(2)]);
    expect(keeper).toMatchObject({ failures: 2, isDurable: false });
    expect(keeper.state.kernelCursor?.seq).toBe(8);
    expect(numbers()).toEqual([]);
    rmSync(`${path}.tmp`, { recursive: true, force: true });
    keeper.save();
    expect(keeper.isDurable).toBe(true);
    expect(numbers()).toEqual([1, 2]);
  });

  it('keeps events that the outbox could not take, and brings them again', () => {
    const keeper = open();
    // Every write to it says ENOSPC; it is removed then, and the disk has room.
    symlinkSync('/dev/full', join(folder, 'outbox', '0000000000000001.log'));
    keeper.commit({}, [event(1), event(2)]);
    expect(keeper).toMatchObject({ waiting: 2, isDurable: false, lost: 0 });
    expect(numbers()).toEqual([]);
    keeper.save();
    expect(keeper).toMatchObject({ waiting: 0, isDurable: true });
    expect(numbers()).toEqual([1, 2]);
  });

  it('makes its folder anew when it is not there, and goes on', () => {
    const keeper = open();
    rmSync(folder, { recursive: true });
    keeper.commit({}, [event(1)]);
    expect(keeper).toMatchObject({ failures: 1, waiting: 1 });
    keeper.save();
    expect(keeper).toMatchObject({ waiting: 0, isDurable: true });
    expect(numbers()).toEqual([1]);
    expect(open().state.eventCount).toBe(1);
    expect(numbers()).toEqual([1]);
  });

  it('bounds what waits in memory, and counts what it drops', () => {
    const keeper = open();
    mkdirSync(`${path}.tmp`);
    const many = Array.from({ length: 12_000 }, (_value, index) => event(index + 1));
    keeper.commit({}, many);
    expect(keeper).toMatchObject({ lost: 2000, waiting: 10_000 });
    rmSync(`${path}.tmp`, { recursive: true, force: true });
    keeper.save();
    expect(numbers()[0]).toBe(2001);
    expect(numbers()).toHaveLength(10_000);
    expect(open().lost).toBe(2000);
  });

  it('bounds the bytes that wait in memory, too, and keeps the newest whatever its size', () => {
    const keeper = open();
    mkdirSync(`${path}.tmp`);
    const large = (n: number, size: number): NewEvent => ({ ...event(n), body: { n, text: 'x'.repeat(size) } });
    keeper.commit(
      {},
      Array.from({ length: 400 }, (_value, index) => large(index + 1, 30_000)),
    );
    expect(keeper.lost).toBeGreaterThan(100);
    expect(keeper.waiting).toBe(400 - keeper.lost);
    keeper.commit({}, [large(401, 9_000_000)]);
    expect(keeper).toMatchObject({ lost: 400, waiting: 1 });
  });

  it('drops nothing for good before the count of it is on disk: a kill undoes both', () => {
    const keeper = open();
    mkdirSync(`${path}.tmp`);
    keeper.commit(
      { kernelCursor: cursor(12_000) },
      Array.from({ length: 12_000 }, (_value, index) => event(index + 1)),
    );
    expect(keeper.lost).toBe(2000);
    const again = open();
    expect(again).toMatchObject({ lost: 0, waiting: 0 });
    expect(again.state.kernelCursor).toBeNull();
  });

  it('counts what a disk has forgotten of the outbox although it was synced', () => {
    open().commit({}, [event(1), event(2), event(3)]);
    const segment = join(folder, 'outbox', '0000000000000001.log');
    truncateSync(segment, readFileSync(segment, 'utf8').indexOf('"seq":2'));
    expect(open()).toMatchObject({ lost: 2 });
    expect(numbers()).toEqual([1]);
    const again = open();
    expect(again).toMatchObject({ lost: 2 });
    again.commit({}, [event(4)]);
    expect(open()).toMatchObject({ lost: 2 });
    expect(numbers()).toEqual([1, 4]);
  });

  it('saves a cursor alone only now and then', () => {
    const keeper = open();
    const saved = () => JSON.parse(readFileSync(path, 'utf8')).kernelCursor.seq;
    keeper.readUpTo(cursor(1), 1_000_000);
    keeper.readUpTo(cursor(2), 1_000_250);
    expect(saved()).toBe(1);
    expect(keeper.isDurable).toBe(false);
    keeper.readUpTo(cursor(3), 1_060_000);
    expect(saved()).toBe(3);
    keeper.readUpTo(cursor(4), 1_060_250);
    keeper.saveAll();
    expect([saved(), keeper.isDurable]).toEqual([4, true]);
  });

  it.each(['', '{', '[]', '{"v":2}', '{"v":1,"ledger":null}', HOLLOW])(
    'begins anew with the damaged state %j, with new numbers',
    (text) => {
      open().commit({}, [event(1)]);
      writeFileSync(path, text);
      const keeper = open();
      expect(keeper.state).toMatchObject({ kernelCursor: null, eventCount: 1, events: [] });
      keeper.commit({}, [event(2)]);
      expect(numbers()).toEqual([1, 2]);
    },
  );

  it('goes on from the state of an agent that kept no history', () => {
    open().commit({ kernelCursor: cursor(7), mostGpusSeen: 8 }, [event(1)]);
    const { history: _history, ...older } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify(older));
    expect(open().state).toMatchObject({ kernelCursor: cursor(7), mostGpusSeen: 8, history: { bursts: {} } });
    writeFileSync(path, JSON.stringify({ ...older, history: {} }));
    expect(open().state).toMatchObject({ kernelCursor: null, mostGpusSeen: 0 });
  });

  it('does not take the findings of another node for its own', () => {
    open().commit({ mostGpusSeen: 8 }, [event(1)]);
    expect(open('gpu-2').state).toMatchObject({ node: 'gpu-2', mostGpusSeen: 0, eventCount: 0 });
    expect(numbers()).toEqual([]);
  });
});
