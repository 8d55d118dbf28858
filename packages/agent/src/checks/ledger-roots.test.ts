/** Which lines are attached to which fault, whichever came first, and what is never attached to anything. */
import { describe, expect, it } from 'vitest';
import type { GpuRef } from '@trivet/shared/model/finding.ts';
import type { Seen } from './check.ts';
import { EMPTY_LEDGER, applySeen, findings } from './ledger.ts';
import type { Applied, Ledger } from './ledger.ts';

const START = Date.UTC(2026, 10, 20, 17);
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();
const GPU: GpuRef = { uuid: null, pciBusId: '0000:41:00.0' };
const OTHER: GpuRef = { uuid: null, pciBusId: '0000:42:00.0' };

function line(code: string, seconds: number, gpu: GpuRef | null = GPU, over: Partial<Seen> = {}): Seen {
  return { gpu, code, at: at(seconds), source: 'kernel-log', text: `line ${code}`, ...over };
}
/** Each batch is one look. */
function run(...batches: readonly (readonly Seen[])[]): Applied[] {
  let ledger: Ledger = EMPTY_LEDGER;
  return batches.map((seen, index) => {
    const applied = applySeen(ledger, { node: 'n', bootId: 'b', at: at(1000 + index), seen, absent: [], samples: {} });
    ledger = applied.ledger;
    return applied;
  });
}
function open(applied: Applied | undefined): string[] {
  return findings(applied?.ledger ?? EMPTY_LEDGER).map(({ code, class: kind, rule }) => {
    const root = /^A symptom of (.+?)\. /.exec(rule)?.[1];
    return root === undefined ? `${code} ${kind}` : `${code} of ${root}`;
  });
}

describe('a symptom that comes after its root', () => {
  it('is attached, in the same look or in a later one', () => {
    const chain = [line('xid.48', 0), line('xid.63', 0.1), line('xid.94', 0.2)];
    const expected = ['xid.48 reset', 'xid.63 of xid.48', 'xid.94 of xid.48'];
    expect(open(run(chain)[0])).toEqual(expected);
    expect(open(run(...chain.map((one) => [one])).at(-1))).toEqual(expected);
  });

  it('is its own when it comes too late, or from another GPU', () => {
    expect(open(run([line('xid.48', 0), line('xid.94', 6)])[0])).toEqual(['xid.48 reset', 'xid.94 app']);
    expect(open(run([line('xid.48', 0), line('xid.94', 0, OTHER)])[0])).toEqual(['xid.48 reset', 'xid.94 app']);
  });

  it('goes to the strongest of several roots', () => {
    expect(open(run([line('xid.13', 0), line('xid.119', 0), line('xid.43', 0.5)])[0])).toContain('xid.43 of xid.119');
  });

  it('may be on any GPU or switch when a GPU left the bus or a link broke for good', () => {
    const peers = [line('sxid.20034', 12, null), line('xid.74', 12, OTHER), line('xid.149.peer', 12, OTHER)];
    for (const root of ['xid.79', 'xid.149.link', 'xid.145.reset']) {
      const [applied] = run([line(root, 0), ...peers]);
      expect(open(applied).slice(1)).toEqual([`sxid.20034 of ${root}`, `xid.74 of ${root}`, `xid.149.peer of ${root}`]);
    }
    expect(open(run([line('xid.149.peer', 0), ...peers])[0])).toContain('sxid.20034 domain');
  });

  it('finds the decoded fault that its line names by number', () => {
    const named = line('xid.45', 0.3, GPU, { causedBy: 'xid.149' });
    expect(open(run([line('xid.149.link', 0), named])[0])).toEqual(['xid.149.link reset', 'xid.45 of xid.149.link']);
    expect(open(run([named])[0])).toEqual(['xid.45 of xid.149']);
  });
});

describe('a symptom that comes before its root', () => {
  it('is attached when the root comes; what was told already is closed and goes on as a symptom', () => {
    const [first, second] = run([line('pcie.aer-fatal', 0, null)], [line('xid.79', 1)]);
    expect(open(first)).toEqual(['pcie.aer-fatal watch']);
    expect(open(second)).toEqual(['xid.79 reboot', 'pcie.aer-fatal of xid.79']);
    expect(second?.closed).toMatchObject([{ code: 'pcie.aer-fatal', class: 'watch', state: 'closed' }]);
    expect(second?.opened.map(({ class: kind }) => kind)).toEqual(['reboot', 'follow']);
  });

  it('that condemned nobody anyway stays the finding that it was, and knows its root', () => {
    const [first, second] = run([line('xid.45', 0)], [line('xid.48', 1)]);
    expect(open(second)).toEqual(['xid.45 of xid.48', 'xid.48 reset']);
    expect(second).toMatchObject({ closed: [], opened: [{ code: 'xid.48' }] });
    expect(findings(second?.ledger ?? EMPTY_LEDGER)[0]?.id).toBe(first?.opened[0]?.id);
    expect(open(run([line('xid.45', 0), line('xid.48', 1)])[0])).toEqual(['xid.45 of xid.48', 'xid.48 reset']);
  });

  it('is told only as a symptom when both come in one look', () => {
    const [both] = run([line('pcie.aer-fatal', 0, null), line('xid.79', 1)]);
    expect(both).toMatchObject({
      closed: [],
      opened: [{ code: 'xid.79' }, { code: 'pcie.aer-fatal', class: 'follow' }],
    });
  });

  it('is attached to a root that comes again', () => {
    const [applied] = run([line('xid.48', 0), line('xid.94', 100), line('xid.48', 101)]);
    expect(open(applied)).toEqual(['xid.48 reset', 'xid.94 of xid.48']);
  });

  it('stays what it was when it is older, or goes on by itself afterwards', () => {
    expect(open(run([line('pcie.aer-fatal', 0, null), line('xid.79', 31)])[0])).toContain('pcie.aer-fatal watch');
    const again = run([line('pcie.aer-fatal', 0, null), line('xid.79', 1)], [line('pcie.aer-fatal', 100, null)]);
    expect(open(again[1])).toEqual(['xid.79 reboot', 'pcie.aer-fatal of xid.79', 'pcie.aer-fatal watch']);
  });
});

describe('what is never a symptom', () => {
  it('a hard fault whose line names a harmless cause', () => {
    const [applied] = run([line('xid.48', 0, GPU, { causedBy: 'xid.13' }), line('sxid.10003', 1, null)]);
    expect(open(applied)).toEqual(['xid.48 reset', 'sxid.10003 reboot']);
  });

  it('what comes again when the chain is over', () => {
    const [applied] = run([line('xid.79', 0), line('sxid.20034', 12, null), line('sxid.20034', 120, null)]);
    expect(open(applied)).toEqual(['xid.79 reboot', 'sxid.20034 of xid.79', 'sxid.20034 domain']);
  });

  it('what comes long after the lines of a root that the tool still shows', () => {
    const shown = { ...line('gpu.lost', 3600), source: 'nvidia-smi' };
    const [, , late] = run(
      [line('gpu.lost', 0)],
      [shown],
      [line('sxid.20034', 3601, null), line('pcie.link-down', 3601, null, { device: '0000:40:01.0' })],
      [{ ...shown, at: at(3602) }],
    );
    expect(open(late)).toEqual(['gpu.lost reboot', 'sxid.20034 domain', 'pcie.link-down watch']);
    const before = [line('pcie.link-down', 3590, null, { device: '0000:40:01.0' })];
    expect(open(run([line('gpu.lost', 0)], before, [shown])[2])).toEqual(['gpu.lost reboot', 'pcie.link-down watch']);
  });

  it('a fault that weighs more than its root, or stands alone', () => {
    const [applied] = run([line('xid.79', 0), line('xid.119', 1), line('sxid.10003', 1, null), line('xid.64', 1)]);
    expect(open(applied).filter((text) => text.includes(' of '))).toEqual([]);
    expect(open(run([line('xid.48', 0), line('xid.94.reset', 0.1)])[0])).toEqual([
      'xid.48 reset',
      'xid.94.reset reset',
    ]);
  });

  it('a soft fault of a soft root: neither is believed alone', () => {
    const [applied] = run([line('xid.149.link', 0), line('xid.149.link', 0.1, OTHER)]);
    expect(open(applied)).toEqual(['xid.149.link reset', 'xid.149.link reset']);
  });
});

describe('the end of a fault', () => {
  it('takes its symptoms along, those of other GPUs and switches too', () => {
    const withdrawn = line('recovery-action.0', 60);
    const chain = [line('xid.149.link', 0), line('recovery-action.1', 0.1), line('sxid.20034', 1, null)];
    expect(open(run(chain, [withdrawn])[1])).toEqual([]);
  });

  it('leaves the symptoms of another fault', () => {
    const chain = [
      line('xid.79', 0),
      line('sxid.20034', 1, null),
      line('xid.48', 100, OTHER),
      line('recovery-action.1', 100, OTHER),
    ];
    expect(open(run(chain, [line('recovery-action.0', 160, OTHER)])[1])).toEqual([
      'xid.79 reboot',
      'sxid.20034 of xid.79',
    ]);
  });
});

it('a switch that names no GPU has those as evidence that lost a link in the same seconds', () => {
  const [applied] = run([line('xid.45', 0), line('xid.74.link', 2, OTHER), line('sxid.24007', 3, null)]);
  const evidence = applied?.opened.find(({ code }) => code === 'sxid.24007')?.evidence.map(({ text }) => text);
  expect(evidence).toEqual([
    'line sxid.24007',
    'GPUs that lost a link or their work within 30 s: 0000:41:00.0 (xid.45), 0000:42:00.0 (xid.74.link)',
  ]);
  expect(run([line('sxid.24007', 3, null)])[0]?.opened[0]?.evidence).toHaveLength(1);
});
