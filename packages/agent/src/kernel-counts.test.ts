import { describe, expect, it } from 'vitest';
import type { FaultEvent, XidEvent } from './checks/kernel-event.ts';
import { KernelCounts, faultOf, xidOf } from './kernel-counts.ts';

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

describe('KernelCounts', () => {
  it('counts by GPU and number, and keeps the time of the last', () => {
    const counts = new KernelCounts(xidOf);
    counts.add([xid(13, 1), xid(13, 3), xid(79, 2), xid(13, 0, '0000:2f:00.0')]);
    expect(counts.all.map(({ pciBusId, kind, count }) => [pciBusId, kind, count])).toEqual([
      ['0000:1b:00.0', '13', 2],
      ['0000:1b:00.0', '79', 1],
      ['0000:2f:00.0', '13', 1],
    ]);
    expect(counts.all[0]?.lastSeenMs).toBe(Date.UTC(2026, 10, 20, 17, 0, 3));
    expect(counts.last('0000:1b:00.0')).toBe('13');
    expect(counts.last('0000:99:00.0')).toBeNull();
  });

  it('has an end: a storm of made-up numbers is one series more', () => {
    const counts = new KernelCounts(xidOf);
    counts.add(Array.from({ length: 1000 }, (_, number) => xid(number)));
    expect(counts.all).toHaveLength(257);
    expect(counts.all.at(-1)).toMatchObject({ pciBusId: '', kind: 'other', count: 744 });
    counts.add([xid(5)]);
    expect(counts.all[5]?.count).toBe(2);
  });

  it('counts other faults by their codes, with or without a device', () => {
    const fault = (code: string, pciBusId: string | null): FaultEvent => ({
      kind: 'fault',
      at: '2026-11-20T17:00:00.000Z',
      kernelSeq: null,
      text: '',
      code,
      pciBusId,
      isGpu: pciBusId !== null,
    });
    const counts = new KernelCounts(faultOf);
    const hung = fault('amdgpu.ring-timeout', '0000:43:00.0');
    counts.add([hung, xid(79), hung, fault('host.oom', null)]);
    expect(counts.all).toMatchObject([
      { pciBusId: '0000:43:00.0', kind: 'amdgpu.ring-timeout', count: 2 },
      { pciBusId: '', kind: 'host.oom', count: 1 },
    ]);
  });
});
