/** What is made of an Xid beyond its number: its neighbours, its flags, its repetition. */
import { describe, expect, it } from 'vitest';
import { parseKernelText } from '../collectors/kernel-line.ts';
import type { CheckInput } from './check.ts';
import { QUIET } from './check-input.fixture.ts';
import { EMPTY_HISTORY, remember } from './history.ts';
import type { History } from './history.ts';
import { runChecks } from './index.ts';
import type { KernelEvent } from './kernel-event.ts';

const START = Date.UTC(2026, 10, 20, 12);
const GPU = '0000:41:00';
function xid(minutes: number, rest: string, gpu = GPU): KernelEvent {
  const event = parseKernelText(`NVRM: Xid (PCI:${gpu}): ${rest}`, new Date(START + minutes * 60_000).toISOString());
  if (event === null) throw new Error(`no event: ${rest}`);
  return event;
}
function codes(events: readonly KernelEvent[], over: Partial<CheckInput> = {}): string[] {
  const history = remember(over.history ?? EMPTY_HISTORY, { samples: {}, events, atMs: START + 3_600_000 });
  return runChecks({ ...QUIET, ...over, events, history }).seen.map((seen) =>
    seen.over === undefined ? seen.code : `over ${seen.code}`,
  );
}

describe('an uncorrectable memory error', () => {
  it('is told apart by the qualifier of the same GPU and moment', () => {
    expect(codes([xid(0, '48, DBE'), xid(0.05, '171, DRAM')])).toEqual(['xid.48.dram', 'xid.171']);
    expect(codes([xid(0, '172, SRAM'), xid(0.05, '48, DBE')])).toEqual(['xid.172', 'xid.48.sram']);
    expect(codes([xid(0, '48, DBE'), xid(1, '171, DRAM')])).toEqual(['xid.48', 'xid.171']);
    expect(codes([xid(0, '48, DBE'), xid(0, '171, DRAM', '0000:42:00')])).toEqual(['xid.48', 'xid.171']);
  });

  it('that was contained is what its flags say', () => {
    const of = (flags: string) => codes([xid(0, `94, pid=1, name=x, Contained: SM (0x1). ${flags}`)]);
    expect(of('RST: No, D-RST: No')).toEqual(['xid.94']);
    expect(of('RST: Yes, D-RST: No')).toEqual(['xid.94.reset']);
    expect(of('RST: No, D-RST: Yes')).toEqual(['xid.94.drain']);
    expect(of('')).toEqual(['xid.94']);
  });
});

describe('an NVLink error', () => {
  it('is decoded by the driver that the node was last seen with', () => {
    const line = xid(0, '144, SAW_MVB Fatal XC0 i0 Link 01 (0x00000001 0x00000002');
    expect(codes([line], { driverVersion: '580.82.07' })).toEqual(['xid.144.reset']);
    expect(codes([line], { driverVersion: '570.158.01' })).toEqual(['xid.144']);
  });
});

describe('exceptions that repeat', () => {
  const at = (minutes: number, gpc: number, tpc: number) =>
    xid(
      minutes,
      `13, pid=1, name=x, Graphics SM Warp Exception on (GPC ${gpc}, TPC ${tpc}, SM 0): Illegal Instruction`,
    );

  it('in one part of a GPU, in two bursts, point to it', () => {
    expect(codes([at(0, 1, 2), at(0.1, 1, 2), at(0.2, 1, 2)])).toEqual(['xid.13', 'xid.13', 'xid.13']);
    expect(codes([at(0, 1, 2), at(5, 1, 2)])).toEqual(['xid.13', 'xid.13.repeat', 'xid.13', 'xid.13.repeat']);
    expect(codes([at(0, 1, 2), at(5, 1, 3), at(10, 2, 2)])).toEqual(['xid.13', 'xid.13', 'xid.13']);
  });

  it('all over the GPU are the application, however often', () => {
    const storm = (minutes: number) => [1, 2, 3, 4, 5].map((tpc) => at(minutes, 1, tpc));
    const found = codes([...storm(0), ...storm(5)]);
    expect(found).not.toContain('xid.13.repeat');
    expect(found).toContain('over xid.13.repeat');
    const elsewhere = xid(5, '13, pid=1, name=x, Graphics SM Warp Exception on (GPC 0, TPC 0, SM 0): x', '0000:42:00');
    expect(codes([at(0, 1, 2), elsewhere, at(6, 1, 2)])).toContain('xid.13.repeat');
  });

  it('that go on for a minute are one burst', () => {
    const minute = Array.from({ length: 13 }, (_, index) => at(index / 12, 1, 2));
    expect(codes(minute)).not.toContain('xid.13.repeat');
    const lines = (history: History, event: KernelEvent): History =>
      remember(history, { samples: {}, events: [event], atMs: Date.parse(event.at) });
    expect(codes([at(1.2, 1, 2)], { history: minute.reduce(lines, EMPTY_HISTORY) })).toEqual(['xid.13']);
    expect(codes([at(2, 1, 2)], { history: minute.reduce(lines, EMPTY_HISTORY) })).toContain('xid.13.repeat');
  });

  it('have their place behind the name of the process', () => {
    const named = (minutes: number, tpc: number) =>
      xid(minutes, `13, pid=1, name=,(GPC 1, TPC 0, Graphics SM Warp Exception on (GPC 1, TPC ${tpc}, SM 0): x`);
    expect(codes([named(0, 2), named(5, 3)])).toEqual(['xid.13', 'xid.13']);
    expect(codes([xid(0, '94, pid=1, name=x,. RST: Yes, D-RST: No, Contained: SM (0x1). RST: No, D-RST: No')])).toEqual(
      ['xid.94'],
    );
  });

  it('without a place prove nothing', () => {
    expect(
      codes([xid(0, '13, Graphics Exception: ESR 0x1=0x2'), xid(5, '13, Graphics Exception: ESR 0x1=0x2')]),
    ).toEqual(['xid.13', 'xid.13']);
  });

  it('are remembered from look to look, for a day', () => {
    const past = (minutes: number): History =>
      remember(EMPTY_HISTORY, { samples: {}, events: [at(minutes, 1, 2)], atMs: START + minutes * 60_000 });
    expect(codes([at(0, 1, 2)], { history: past(-600) })).toEqual(['xid.13', 'xid.13.repeat']);
    expect(codes([at(0, 1, 2)], { history: past(-1500) })).toEqual(['xid.13']);
  });
});

describe('MMU faults that repeat', () => {
  it('on one GPU alone point to it, on several to the application', () => {
    const other = '0000:42:00';
    expect(codes([xid(0, '31, MMU Fault'), xid(1, '31, MMU Fault')])).toEqual(['xid.31', 'xid.31']);
    expect(codes([xid(0, '31, MMU Fault'), xid(10, '31, MMU Fault')])).toContain('xid.31.repeat');
    const both = codes([xid(0, '31, MMU Fault'), xid(10, '31, MMU Fault'), xid(11, '31, MMU Fault', other)]);
    expect(both).not.toContain('xid.31.repeat');
    expect(both).toContain('over xid.31.repeat');
  });
});
