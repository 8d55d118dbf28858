import { describe, expect, it } from 'vitest';
import type { XidEvent } from './checks/kernel-event.ts';
import { XidCounts } from './xid-counts.ts';

function xid(number: number, second = 0, pciBusId = '0000:1b:00.0'): XidEvent {
  return {
    kind: 'xid',
    at: new Date(Date.UTC(2026, 10, 20, 17, 0, second)).toISOString(),
    kernelSeq: null,
    text: '',
    pciBusId,
    xid: number,
    gpuInstance: null,
    computeInstance: null,
    pid: null,
    process: null,
    detail: '',
    causedBy: null,
  };
}

describe('XidCounts', () => {
  it('counts by GPU and number, and keeps the time of the last', () => {
    const counts = new XidCounts();
    counts.add([xid(13, 1), xid(13, 3), xid(79, 2), xid(13, 0, '0000:2f:00.0')]);
    expect(counts.all.map(({ pciBusId, xid, count }) => [pciBusId, xid, count])).toEqual([
      ['0000:1b:00.0', '13', 2],
      ['0000:1b:00.0', '79', 1],
      ['0000:2f:00.0', '13', 1],
    ]);
    expect(counts.all[0]?.lastSeenMs).toBe(Date.UTC(2026, 10, 20, 17, 0, 3));
    expect(counts.last('0000:1b:00.0')).toBe(13);
    expect(counts.last('0000:99:00.0')).toBeNull();
  });

  it('has an end: a storm of made-up numbers is one series more', () => {
    const counts = new XidCounts();
    counts.add(Array.from({ length: 1000 }, (_, number) => xid(number)));
    expect(counts.all).toHaveLength(257);
    expect(counts.all.at(-1)).toMatchObject({ pciBusId: '', xid: 'other', count: 744 });
    counts.add([xid(5)]);
    expect(counts.all[5]?.count).toBe(2);
  });
});
