import { verdict } from '@trivet/shared/health/verdict.ts';
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { describe, expect, it } from 'vitest';
import { QUIET } from './check-input.fixture.ts';
import { runChecks } from './index.ts';
import { EMPTY_LEDGER, applySeen, findings } from './ledger.ts';
import { OverTime } from './over-time.fixture.ts';

const HUNG = { tool: 'nvidia-smi', pid: 4711, since: '2026-11-20T17:00:00.000Z', processState: 'D' };

function memory(corrected: number, uncorrected = 0): Samples {
  return { host: hostFixture({ memoryControllers: [{ name: 'mc0', corrected, uncorrected }] }) };
}

describe('a tool that hangs', () => {
  it('is a finding of its own, and the verdict is unknown because nothing else is known', () => {
    const samples = { tools: { hung: [HUNG] } };
    const where = { node: 'n1', bootId: 'b', at: QUIET.at, samples };
    const { ledger } = applySeen(EMPTY_LEDGER, { ...runChecks({ ...QUIET, samples }), ...where });
    const open = findings(ledger);
    expect(open).toMatchObject([
      { code: 'tool.hung', class: 'watch', action: 'none', gpu: null, evidence: [{ source: 'tools' }] },
    ]);
    expect(open[0]?.evidence[0]?.text).toContain(
      'nvidia-smi: no answer since a run that began 2026-11-20T17:00:00.000Z',
    );
    expect(open[0]?.evidence[0]?.text).toContain('(pid 4711, state D)');
    const blind = { name: 'nvidia-smi', state: 'unknown', required: true, reason: 'hangs', ageMs: null } as const;
    expect(verdict(open, [blind])).toBe('unknown');
  });

  it('is over when the tool has answered, and not when that is not known', () => {
    const watch = new OverTime();
    expect(watch.look({ tools: { hung: [HUNG] } })).toEqual(['tool.hung@node']);
    expect(watch.look({})).toEqual(['tool.hung@node']);
    expect(watch.look({ tools: { hung: [{ ...HUNG, pid: null, processState: null }] } })).toEqual(['tool.hung@node']);
    expect(watch.look({ tools: { hung: [] } })).toEqual([]);
  });
});

describe('host memory', () => {
  it('corrected errors that grow fast, until none come for ten minutes', () => {
    const watch = new OverTime();
    expect(watch.minutes(9, (look) => memory(100 + look))).toEqual(['host.memory-errors@node']);
    expect(watch.minutes(9, memory(153))).toEqual(['host.memory-errors@node']);
    expect(watch.minutes(2, memory(153))).toEqual([]);
    expect(new OverTime().minutes(30, memory(100_000))).toEqual([]);
    expect([...watch.texts].some((text) => text.includes('mc0'))).toBe(true);
  });

  it('an uncorrected error, until the counters begin anew', () => {
    const watch = new OverTime();
    expect(watch.look(memory(0, 1))).toEqual(['host.memory-uncorrected@node']);
    // No driver counts them any more: that proves nothing.
    expect(watch.look({ host: hostFixture() })).toEqual(['host.memory-uncorrected@node']);
    expect(watch.look(memory(0, 0))).toEqual([]);
  });
});

describe('disks', () => {
  it('a file system that the kernel has shut, until it is writable', () => {
    const watch = new OverTime();
    const shut = (forcedReadOnly: readonly string[] | null) => ({ host: hostFixture({ forcedReadOnly }) });
    expect(watch.look(shut([]))).toEqual([]);
    expect(watch.look(shut(['/var']))).toEqual(['host.filesystem-read-only@node']);
    expect([...watch.texts].at(-1)).toContain('/var');
    expect(watch.look(shut(null))).toEqual(['host.filesystem-read-only@node']);
    expect(watch.look(shut([]))).toEqual([]);
  });
});
