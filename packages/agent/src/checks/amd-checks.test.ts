/** AMD boards through the checks, the history and the ledger. */
import { isCatalogued } from '@trivet/shared/health/catalogue/index.ts';
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { describe, expect, it } from 'vitest';
import { amdErrors } from './amd-errors.ts';
import { NO_ERRORS, amdGpuFixture, amdSampleFixture } from './amd-gpu.fixture.ts';
import { amdLimits } from './amd-limits.ts';
import { amdPages } from './amd-pages.ts';
import type { Check, CheckInput } from './check.ts';
import { OverTime } from './over-time.fixture.ts';
import { QUIET } from './check-input.fixture.ts';
import { EMPTY_HISTORY, remember } from './history.ts';
import type { History } from './history.ts';
import { EMPTY_LEDGER, applySeen, findings } from './ledger.ts';
import type { Ledger } from './ledger.ts';

const CHECKS: readonly Check[] = [amdErrors, amdPages, amdLimits];
const START = Date.parse('2026-11-20T17:00:00.000Z');
const none = { unknown: 'not available' };

function at(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString();
}

function inputOf(gpu: Partial<AmdGpu>, seconds = 0, history: History = EMPTY_HISTORY): CheckInput {
  const samples = { amd: amdSampleFixture([amdGpuFixture(gpu)]) };
  return { ...QUIET, samples, at: at(seconds), sampledAt: at(seconds), history };
}

/** By code: seen, proved to be over, or neither (null). */
function answers(gpu: Partial<AmdGpu>): Record<string, boolean | null> {
  const input = inputOf(gpu);
  const seen = CHECKS.flatMap(({ run }) => run(input)).map(({ code }) => [code, true] as const);
  const over = CHECKS.flatMap(({ absent }) => absent?.(input) ?? []).map(({ code }) => [code, false] as const);
  return Object.fromEntries([...over, ...seen]);
}

const counted = (uncorrectable: number) => ({ ...NO_ERRORS, uncorrectable: { value: uncorrectable } });

describe('AMD conditions', () => {
  it('are all in the catalogue, and a healthy board shows none', () => {
    const all = answers({});
    expect(Object.keys(all).every(isCatalogued)).toBe(true);
    expect(Object.values(all)).not.toContain(true);
  });

  it('close nothing where nothing could be read', () => {
    const unread = {
      eccMode: none,
      eccTotal: { correctable: none, uncorrectable: none, deferred: none },
      ras: [],
      badPagesRetired: none,
      badPagesPending: none,
      badPagesUnreservable: none,
      hotspotCelsius: none,
      memoryCelsius: none,
      throttles: [],
      pcieLinkWidth: none,
      xgmiErrors: none,
      xgmiLinksDown: none,
    };
    expect(answers(unread)).toEqual({ 'amd.ecc-implausible': false });
  });

  it('say of ECC that it is off where it belongs, and of no desktop board', () => {
    const off = { eccMode: { value: false } };
    expect(answers(off)).toMatchObject({ 'amd.ecc-off': true });
    for (const model of ['Navi 31 [Radeon RX 7900 XT]', null]) {
      expect(answers({ ...off, model })['amd.ecc-off']).toBeUndefined();
    }
  });

  it('name the part of the chip, and count what is in no part', () => {
    const ras = [{ block: 'GFX', ...counted(1) }];
    const placed = answers({ ras, eccTotal: counted(1) });
    expect(placed['amd.ecc-uncorrectable']).toBe(true);
    expect(placed['amd.ecc-uncorrectable-memory']).toBeUndefined();
    expect(answers({ ras: [], eccTotal: counted(2) })).toMatchObject({ 'amd.ecc-uncorrectable': true });
    expect(answers({ ras: [{ block: 'UMC', ...counted(2) }], eccTotal: counted(2) })).toMatchObject({
      'amd.ecc-uncorrectable-memory': true,
    });
    expect(answers({ ras: [{ block: 'UMC', ...counted(1) }], eccTotal: counted(2) })).toMatchObject({
      'amd.ecc-uncorrectable-memory': true,
      'amd.ecc-uncorrectable': true,
    });
    const [seen] = amdErrors.run(inputOf({ ras, eccTotal: counted(1) }));
    expect(seen?.text).toBe('uncorrectable errors: GFX 1 (total 1)');
  });

  it('do not take a block that was not read for one without errors', () => {
    const ras = [{ block: 'UMC', correctable: none, uncorrectable: none, deferred: none }];
    const all = answers({ ras, eccTotal: { ...NO_ERRORS, uncorrectable: none } });
    expect(all['amd.ecc-uncorrectable-memory']).toBeUndefined();
    expect(answers({ ras })['amd.ecc-uncorrectable-memory']).toBe(false);
  });

  it('know the threshold by the number and by the flag', () => {
    const of = (gpu: Partial<AmdGpu>) => answers(gpu)['amd.bad-pages-threshold'];
    expect(of({ badPagesRetired: { value: 128 } })).toBe(true);
    expect(of({ badPagesRetired: { value: 127 } })).toBe(false);
    expect(of({ badPageThreshold: none, badPageThresholdExceeded: { value: true } })).toBe(true);
    expect(of({ badPagesRetired: none })).toBeUndefined();
    expect(answers({ badPagesRetired: { value: 116 } })['amd.bad-pages-near-threshold']).toBe(true);
    expect(answers({ badPagesRetired: { value: 128 } })['amd.bad-pages-near-threshold']).toBe(false);
  });

  it('compare a temperature with its own limit, and leave the power limit alone', () => {
    const of = (gpu: Partial<AmdGpu>) => answers(gpu)['amd.throttle-thermal'];
    const active = { active: { value: true }, accumulated: none };
    expect(of({ hotspotCelsius: { value: 100 } })).toBe(true);
    expect(of({ hotspotCelsius: { value: 100 }, hotspotSlowdownCelsius: none })).toBeUndefined();
    expect(of({ throttles: [{ cause: 'vr-thermal', ...active }] })).toBe(true);
    expect(of({ throttles: [{ cause: 'ppt', ...active }] })).toBeUndefined();
  });

  it('ask of the lanes only while the board works', () => {
    const of = (gpu: Partial<AmdGpu>) => answers({ pcieLinkWidth: { value: 8 }, ...gpu })['amd.pcie-width'];
    expect(of({ utilizationRatio: { value: 0.5 } })).toBe(true);
    expect(of({})).toBeUndefined();
    expect(of({ pcieLinkWidth: { value: 16 } })).toBe(false);
    const busy = { utilizationRatio: { value: 0.5 } };
    expect(of({ ...busy, model: 'Navi 22 [Radeon RX 6700]' })).toBeUndefined();
    expect(of({ ...busy, model: 'Radeon Instinct MI50 32GB' })).toBe(true);
  });

  it('say which tool told it', () => {
    const input = inputOf({ badPagesPending: { value: 1 } });
    const rocm = amdSampleFixture(input.samples.amd?.gpus ?? [], { tool: 'rocm-smi' });
    expect(amdPages.run({ ...input, samples: { amd: rocm } })).toMatchObject([
      { source: 'amd-smi', text: 'rocm-smi: bad pages: 1 pending' },
    ]);
  });
});

describe('growth', () => {
  /** A look each minute, with this total of corrected errors. */
  function looks(...totals: readonly number[]): (boolean | null)[] {
    let history = EMPTY_HISTORY;
    return totals.map((total, minute) => {
      const eccTotal = { ...NO_ERRORS, correctable: { value: total } };
      const samples = { amd: amdSampleFixture([amdGpuFixture({ eccTotal })]) };
      history = remember(history, { samples, events: [], atMs: START + minute * 60_000 });
      const input = inputOf({ eccTotal }, minute * 60, history);
      const code = 'amd.ecc-correctable-growth';
      if (amdErrors.run(input).some((seen) => seen.code === code)) return true;
      return amdErrors.absent?.(input).some((absent) => absent.code === code) === true ? false : null;
    });
  }

  it('is judged by what was gained, not by what is there', () => {
    expect(looks(5000, 5000, 5010)).toEqual([null, null, null]);
    expect(looks(0, 40, 99, 100)).toEqual([null, null, null, true]);
  });

  it('goes on where a counter begins anew', () => {
    expect(looks(5000, 30, 60, 120)).toEqual([null, null, null, true]);
  });

  it('is over when a whole window has been quiet', () => {
    const quiet = Array.from({ length: 16 }, () => 100);
    expect(looks(0, ...quiet).slice(1)).toEqual([...Array(14).fill(true), false, false]);
  });
});

describe('heat', () => {
  /** A look each half minute. */
  function looks(...celsius: readonly number[]): (boolean | null)[] {
    let history = EMPTY_HISTORY;
    return celsius.map((value, look) => {
      const gpu = { hotspotCelsius: { value } };
      const samples = { amd: amdSampleFixture([amdGpuFixture(gpu)]) };
      history = remember(history, { samples, events: [], atMs: START + look * 30_000 });
      const input = inputOf(gpu, look * 30, history);
      const code = 'amd.throttle-thermal';
      if (amdLimits.run(input).some((seen) => seen.code === code)) return true;
      return amdLimits.absent?.(input).some((absent) => absent.code === code) === true ? false : null;
    });
  }

  it('goes when the board has been cool for five minutes, not at the first cool look', () => {
    expect(looks(101, 99, 101, 99)).toEqual([true, null, true, null]);
    const cool = Array.from({ length: 12 }, () => 60);
    expect(looks(101, ...cool)).toEqual([true, ...Array(9).fill(null), false, false, false]);
  });

  it('says nothing of a window that is not full', () => {
    expect(looks(60, 60)).toEqual([null, null]);
  });
});

it('what lasts is told in the same words at every look', () => {
  const watch = new OverTime();
  for (let look = 0; look < 20; look++) {
    const gpu = amdGpuFixture({
      hotspotCelsius: { value: 100 + (look % 3) },
      eccTotal: { ...NO_ERRORS, correctable: { value: look * 120 } },
      pcieReplayTotal: { value: look * 130 },
      implausible: [`total/uncorrectable: ${look * 65_535}, a multiple of 65535: a register that is not there`],
    });
    watch.look({ amd: amdSampleFixture([gpu]) }, 30_000);
  }
  const codes = ['amd.ecc-correctable-growth', 'amd.ecc-implausible', 'amd.pcie-replay', 'amd.throttle-thermal'];
  expect(watch.open).toEqual(codes.map((code) => `${code}@${amdGpuFixture().pciBusId}`));
  expect(watch.texts.size).toBe(codes.length);
});

describe('AMD findings in the ledger', () => {
  function step(
    ledger: Ledger,
    gpu: Partial<AmdGpu>,
    { seconds, bootId = 'boot-1' }: { seconds: number; bootId?: string },
  ) {
    const input = inputOf(gpu, seconds);
    const seen = CHECKS.flatMap(({ run }) => run(input));
    const absent = CHECKS.flatMap(({ absent }) => absent?.(input) ?? []);
    return applySeen(ledger, { seen, absent, samples: input.samples, node: 'n1', bootId, at: at(seconds) });
  }
  const BROKEN = { ras: [{ block: 'UMC', ...counted(1) }], eccTotal: counted(1) };

  it('are closed by a good reading of amd-smi, which is named as the proof', () => {
    const opened = step(EMPTY_LEDGER, { badPagesPending: { value: 1 } }, { seconds: 0 });
    expect(findings(opened.ledger).map(({ code }) => code)).toEqual(['amd.bad-pages-pending']);
    const closed = step(opened.ledger, {}, { seconds: 30 });
    expect(closed.closed.map(({ evidence }) => evidence.at(-1)?.source)).toEqual(['amd-smi']);
    expect(findings(closed.ledger)).toEqual([]);
  });

  it('stay open after a reset that leaves the counter, and close after a boot that clears it', () => {
    const opened = step(EMPTY_LEDGER, BROKEN, { seconds: 0 });
    const reset = step(opened.ledger, BROKEN, { seconds: 60 });
    expect(findings(reset.ledger)).toMatchObject([
      { code: 'amd.ecc-uncorrectable-memory', action: 'drain-and-reboot' },
    ]);
    const booted = step(reset.ledger, {}, { seconds: 600, bootId: 'boot-2' });
    expect(findings(booted.ledger)).toEqual([]);
  });

  it('are about the same GPU as what the kernel says of its bus id', () => {
    const kernel = {
      gpu: { uuid: null, pciBusId: '0000:c1:00.0' },
      code: 'amd.ecc-deferred',
      at: at(0),
      source: 'kernel-log',
      text: 'amdgpu 0000:c1:00.0: …',
    };
    const where = { node: 'n1', bootId: 'boot-1', at: at(0) };
    const told = applySeen(EMPTY_LEDGER, { ...where, seen: [kernel], absent: [], samples: {} });
    const both = step(told.ledger, BROKEN, { seconds: 30 });
    const uuids = findings(both.ledger).map(({ gpu }) => gpu?.uuid);
    expect(uuids).toEqual([amdGpuFixture().uuid, amdGpuFixture().uuid]);
  });

  it('close when another board sits in the place', () => {
    const opened = step(EMPTY_LEDGER, BROKEN, { seconds: 0 });
    const replaced = step(opened.ledger, { uuid: '20ff74a1-0000-1000-8000-000000000009' }, { seconds: 60 });
    expect(findings(replaced.ledger)).toEqual([]);
  });
});
