import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '@trivet/shared/health/catalogue/index.ts';
import { EVIDENCE_MAX, EVIDENCE_TEXT_MAX } from '@trivet/shared/model/finding.ts';
import type { GpuRef } from '@trivet/shared/model/finding.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import type { Absent, Seen } from './check.ts';
import { QUIET } from './check-input.fixture.ts';
import { runChecks } from './index.ts';
import { EMPTY_LEDGER, LEDGER_MAX, applySeen, findings } from './ledger.ts';
import type { Application, Ledger } from './ledger.ts';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';

const START = Date.UTC(2026, 10, 20, 17);
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();
const GPU: GpuRef = { uuid: null, pciBusId: '0000:1b:00.0' };
const base = { node: 'gpu-17', bootId: 'boot-1', seen: [], absent: [], samples: {} };

function line(code: string, seconds: number, over: Partial<Seen> = {}): Seen {
  return { gpu: GPU, code, at: at(seconds), source: 'kernel-log', text: `line ${code}`, ...over };
}
/** Applies one after the other; what comes without a time comes at its index, in minutes. */
function run(...steps: readonly Partial<Application>[]) {
  let ledger = EMPTY_LEDGER;
  return steps.map((step, index) => {
    const applied = applySeen(ledger, { ...base, at: at(index * 60), ...step });
    ledger = applied.ledger;
    return applied;
  });
}
function sampled(seconds: number, ...gpus: readonly Partial<NvidiaGpu>[]): Partial<Application> {
  const nvidia = sampleFixture(gpus.map(gpuFixture));
  return {
    at: at(seconds),
    samples: { nvidia },
    ...runChecks({ ...QUIET, samples: { nvidia }, at: at(seconds), sampledAt: at(seconds) }),
  };
}
const open = (applied: { ledger: Ledger } | undefined) =>
  findings(applied?.ledger ?? EMPTY_LEDGER).map(({ code }) => code);

describe('opening', () => {
  it('takes class, action and rule from the catalogue, and reports what is new once', () => {
    const [first, second] = run({ seen: [line('xid.79', 0)] }, { seen: [line('xid.79', 60)] });
    expect(first?.opened).toMatchObject([
      {
        code: 'xid.79',
        class: 'reboot',
        action: 'drain-and-reboot',
        urgency: 'now',
        state: 'open',
        count: 1,
        gpu: GPU,
      },
    ]);
    expect(second).toMatchObject({ opened: [], closed: [] });
    expect(findings(second?.ledger ?? EMPTY_LEDGER)).toMatchObject([
      { count: 2, firstSeen: at(0), lastSeen: at(60), evidence: { length: 2 } },
    ]);
  });

  it('gives ids that differ by node, GPU, class, code and boot, and by nothing else', () => {
    const id = (seen: Seen, over: Partial<Application> = {}) => run({ seen: [seen], ...over })[0]?.opened[0]?.id;
    const other = { uuid: null, pciBusId: '0000:2b:00.0' };
    const ids = [
      id(line('xid.79', 0)),
      id(line('xid.79', 0), { node: 'gpu-18' }),
      id(line('xid.79', 0), { bootId: 'boot-2' }),
      id(line('xid.79', 0, { gpu: other })),
      id(line('xid.48', 0)),
      id(line('xid.94', 0)),
      id(line('xid.94', 0, { causedBy: 'xid.48' })),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(id(line('xid.79', 9, { text: 'other words' }))).toBe(ids[0]);
  });

  it('counts the lines of a burst and keeps one, then the first and the newest', () => {
    const lines = [0, 1, 5, 20, 40, 60, 80, 100].map((seconds) => line('xid.119', seconds, { text: `at ${seconds}` }));
    const finding = run({ seen: lines })[0]?.opened[0];
    expect(finding?.count).toBe(8);
    expect(finding?.evidence.map(({ text }) => text)).toEqual(['at 0', 'at 60', 'at 80', 'at 100']);
  });

  it('joins the UUID that a sample has shown for a bus id, before and after', () => {
    const uuid = gpuFixture().uuid;
    const [, before] = run(sampled(0, {}), { seen: [line('xid.79', 60)] });
    expect(before?.opened[0]?.gpu).toEqual({ uuid, pciBusId: GPU.pciBusId });
    const [, after, again] = run({ seen: [line('xid.79', 0)] }, sampled(60, {}), { seen: [line('xid.79', 120)] });
    expect(findings(after?.ledger ?? EMPTY_LEDGER)[0]?.gpu?.uuid).toBe(uuid);
    expect(findings(again?.ledger ?? EMPTY_LEDGER)).toMatchObject([{ count: 2 }]);
  });
});

describe('closing a condition', () => {
  it('by a good sample that shows it gone', () => {
    const pending = { remapPending: { value: true } };
    const [first, again, last] = run(sampled(0, pending), sampled(60, pending), sampled(120, {}));
    expect(open(first)).toEqual(['remap.pending']);
    expect(findings(again?.ledger ?? EMPTY_LEDGER)).toMatchObject([
      { count: 1, lastSeen: at(60), evidence: { length: 1 } },
    ]);
    expect(last?.closed).toMatchObject([{ code: 'remap.pending', state: 'closed' }]);
    expect(last?.closed[0]?.evidence.at(-1)?.text).toContain('closed: a good reading');
  });

  it('not by a reading that is missing, nor by a sample without that GPU, nor by silence', () => {
    const [, missing] = run(
      sampled(0, { remapPending: { value: true } }),
      sampled(60, { remapPending: { unknown: 'not available' } }),
    );
    expect(open(missing)).toEqual(['remap.pending']);
    const [, elsewhere] = run(
      sampled(0, { remapPending: { value: true } }),
      sampled(60, { uuid: 'GPU-2', pciBusId: '0000:2b:00.0' }),
    );
    expect(open(elsewhere)).toEqual(['remap.pending']);
    const [, silent] = run(sampled(0, { remapPending: { value: true } }), { at: at(86_400) });
    expect(open(silent)).toEqual(['remap.pending']);
  });

  it('not by a sample that was begun before it was known', () => {
    const absent: Absent = { gpu: GPU, code: 'remap.pending', at: at(-1) };
    const seen = line('remap.pending', 0, { source: 'nvidia-smi' });
    const [, early, late] = run({ seen: [seen] }, { absent: [absent] }, { absent: [{ ...absent, at: at(1) }] });
    expect(open(early)).toEqual(['remap.pending']);
    expect(open(late)).toEqual([]);
  });

  it('a boot does not close it; seen again it is another finding, gone it is closed', () => {
    const failed = { remapFailure: { value: true } };
    const boot = { bootId: 'boot-2' };
    const [first, booted, again] = run(sampled(0, failed), boot, { ...sampled(120, failed), ...boot });
    expect(open(booted)).toEqual(['remap.failure']);
    expect(again?.closed[0]?.id).toBe(first?.opened[0]?.id);
    expect(again?.opened).toMatchObject([{ code: 'remap.failure' }]);
    expect(again?.opened[0]?.id).not.toBe(first?.opened[0]?.id);
    const [, , gone] = run(sampled(0, failed), boot, { ...sampled(120, {}), ...boot });
    expect(open(gone)).toEqual([]);
  });
});

describe('closing an event', () => {
  const required = 'recovery-action.1';
  it('reset class: when the driver withdraws its request, by line or by sample', () => {
    const [, byLine] = run({ seen: [line('xid.95', 0), line(required, 1)] }, { seen: [line('recovery-action.0', 60)] });
    expect(byLine?.closed.map(({ code }) => code)).toEqual([required, 'xid.95']);
    const [, bySample] = run({ seen: [line('xid.95', 0), line(required, 1)] }, sampled(60, {}));
    expect(open(bySample)).toEqual([]);
    const [inOrder] = run({ seen: [line(required, 1), line('recovery-action.0', 2), line('xid.95', 3)] });
    expect(open(inOrder)).toEqual(['xid.95']);
  });

  it('not by "None" alone, which a driver prints that never asked for a reset', () => {
    const [, applied] = run({ seen: [line('xid.95', 0)] }, sampled(60, {}));
    expect(open(applied)).toEqual(['xid.95']);
  });

  it('not by "None" of another GPU, nor of a sample begun before', () => {
    const lines = { at: at(30), seen: [line('xid.95', 0), line(required, 1)] };
    const [, other] = run(lines, sampled(60, { uuid: 'GPU-2', pciBusId: '0000:2b:00.0' }));
    expect(open(other)).toEqual(['xid.95', required]);
    const [, early] = run(lines, { ...sampled(20, {}), at: at(60) });
    expect(open(early)).toEqual(['xid.95', required]);
  });

  it('reboot class: by a new boot only', () => {
    const lines = { seen: [line('xid.79', 0), line('recovery-action.2', 1)] };
    const [, reset, booted] = run(lines, { seen: [line('recovery-action.0', 60)] }, { bootId: 'boot-2' });
    expect(open(reset)).toEqual(['xid.79']);
    expect(booted?.closed).toMatchObject([{ code: 'xid.79' }]);
  });

  it('replace class: when another board sits there, and the old one is nowhere', () => {
    const other = { uuid: 'GPU-new' };
    const [, , booted, swapped] = run(
      { seen: [line('xid.64', 0)] },
      sampled(60, {}),
      { ...sampled(120, {}), bootId: 'boot-2' },
      { ...sampled(180, other), bootId: 'boot-3' },
    );
    expect(open(booted)).toEqual(['xid.64']);
    expect(swapped?.closed).toMatchObject([{ code: 'xid.64' }]);
    const [, , moved] = run(
      sampled(0, {}),
      { seen: [line('xid.64', 60)] },
      { ...sampled(120, other, { pciBusId: '0000:2b:00.0' }), bootId: 'boot-2' },
    );
    expect(open(moved)).toEqual(['xid.64']);
  });

  it('a GPU that the kernel called lost is not found again by a sample', () => {
    const [, applied] = run({ seen: [line('gpu.lost', 0)] }, sampled(60, {}));
    expect(open(applied)).toEqual(['gpu.lost']);
  });

  it('the newest verdict of the driver replaces the one before', () => {
    const [applied] = run({ seen: [line('recovery-action.4', 0), line(required, 1)] });
    expect(open(applied)).toEqual([required]);
    expect(applied?.closed.map(({ code }) => code)).toEqual(['recovery-action.4']);
    expect(applied?.opened.map(({ code }) => code)).toEqual([required, 'recovery-action.4']);
    const [unread] = run({ seen: [line(required, 1), line('recovery-action.unclassified', 2)] });
    expect(unread?.closed).toEqual([]);
  });
});

describe('whatever comes', () => {
  const code = fc.constantFrom(...CATALOGUE.map((entry) => entry.code), 'xid.9999', 'sxid.5.fatal');
  const gpu = fc.option(
    fc.record({
      uuid: fc.option(fc.constantFrom('GPU-1', 'GPU-2')),
      pciBusId: fc.constantFrom('0000:1b:00.0', '0000:2b:00.0'),
    }),
  );
  const seconds = fc.integer({ min: 0, max: 1000 });
  const seen: fc.Arbitrary<Seen> = fc
    .tuple(gpu, code, seconds, fc.constantFrom('kernel-log', 'nvidia-smi'), fc.string({ maxLength: 2000 }))
    .map(([gpu, code, when, source, text]) => ({ gpu, code, at: at(when), source, text }));
  const over: fc.Arbitrary<Partial<Seen>> = fc.constantFrom(
    { over: { isReset: true }, source: 'kernel-log' },
    { over: { codes: ['amdgpu.reset-begun', 'pcie.aer-fatal', 'xid.31.repeat'] } },
    { over: { codes: ['xid.31.repeat'], ofAllGpus: true } },
    { device: '0000:00:01.0', gpu: null },
    { causedBy: 'xid.149' },
    {},
  );
  const application = fc.record({
    seen: fc.array(fc.tuple(seen, over).map(([one, more]) => ({ ...one, ...more }))),
    at: seconds.map(at),
    bootId: fc.constantFrom('boot-1', 'boot-2'),
  });

  it('is bounded, is plain JSON, and has each id once', () => {
    fc.assert(
      fc.property(fc.array(application, { maxLength: 6 }), (steps) => {
        const ledger = run(...steps).at(-1)?.ledger ?? EMPTY_LEDGER;
        expect(JSON.parse(JSON.stringify(ledger))).toEqual(ledger);
        expect(ledger.entries.length).toBeLessThanOrEqual(LEDGER_MAX);
        const all = findings(ledger);
        expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
        for (const { evidence, state } of all) {
          expect(state).toBe('open');
          expect(evidence.length).toBeLessThanOrEqual(EVIDENCE_MAX);
          for (const { text } of evidence) expect(text.length).toBeLessThanOrEqual(EVIDENCE_TEXT_MAX);
        }
      }),
    );
  });

  it('nothing closes without a proof: lines alone only replace a verdict of the driver or attach a symptom', () => {
    const lines = fc.array(seen.filter((one) => !one.code.startsWith('recovery-action.')));
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 5 }), (batches) => {
        const steps = run(...batches.map((batch) => ({ seen: batch })));
        const opened = new Set<string>();
        for (const step of steps) {
          // What came before its root goes on as a symptom of it.
          for (const { id, evidence } of step.closed) {
            expect(evidence.at(-1)?.text).toContain('it is a symptom of');
            opened.delete(id);
          }
          for (const { id } of step.opened) opened.add(id);
        }
        expect(new Set(findings(steps.at(-1)?.ledger ?? EMPTY_LEDGER).map(({ id }) => id))).toEqual(opened);
      }),
    );
  });

  it('a sample applied twice changes nothing', () => {
    const flags = fc.record({
      remapPending: fc.boolean().map((value) => ({ value })),
      sramThresholdExceeded: fc.boolean().map((value) => ({ value })),
      recoveryAction: fc.constantFrom('None', 'Reset', 'Drain and Reset', 'new words').map((value) => ({ value })),
    });
    fc.assert(
      fc.property(fc.array(seen), flags, (lines, gpu) => {
        const [, once, twice] = run({ seen: lines }, sampled(2000, gpu), sampled(2000, gpu));
        expect(twice).toEqual({ ledger: once?.ledger, opened: [], closed: [] });
      }),
    );
  });

  it('a flood of harmless codes never hides a hard fault, and is counted', () => {
    const flood = Array.from({ length: 1000 }, (_, index) => line(`xid.${1000 + index}`, index));
    const [applied] = run({ seen: [line('xid.79', 0), ...flood, line('xid.95', 2000)] });
    expect(open(applied)).toContain('xid.79');
    expect(open(applied)).toContain('xid.95');
    expect(applied?.ledger).toMatchObject({ dropped: 1002 - LEDGER_MAX, entries: { length: LEDGER_MAX } });
  });

  it('what may drain alone goes last, however strong the rest calls itself', () => {
    const site = Array.from({ length: 2 * LEDGER_MAX }, (_, n) =>
      line(`site.replace.check-${n}`, n, { source: 'site-checks' }),
    );
    const [applied] = run({ seen: [line('xid.95', 0), ...site] });
    expect(open(applied)).toContain('xid.95');
  });
});
