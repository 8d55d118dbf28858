/**
 * Real kernel lines (194 rows from production machines, 13 made from the drivers' format strings), with what each must mean,
 * written by hand. The captures stay outside the repository: TRIVET_CORPUS names their folder.
 */
import * as fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runChecks } from '@trivet/agent/checks/index.ts';
import { NO_PAST } from '@trivet/agent/check-node.ts';
import type { KernelEvent } from '@trivet/agent/checks/kernel-event.ts';
import { EMPTY_LEDGER, applySeen, findings } from '@trivet/agent/checks/ledger.ts';
import { parseKernelText } from '@trivet/agent/collectors/kernel-line.ts';
import { KernelLogCollector } from '@trivet/agent/collectors/kernel-log.ts';
import { parseRecord, unframe } from '@trivet/agent/collectors/kernel-record.ts';
import { verdict } from '@trivet/shared/health/verdict.ts';
import type { Finding } from '@trivet/shared/model/finding.ts';

const folder = join(process.env['TRIVET_CORPUS'] ?? '', 'kmsg');
const isThere = process.env['TRIVET_CORPUS'] !== undefined && existsSync(join(folder, 'real-lines.txt'));
if (!isThere) {
  const names = ['every captured kernel line means what we wrote down', 'whole files', 'captured lines, mutated'];
  console.warn(`SKIPPED, TRIVET_CORPUS is not set or has no kmsg folder: ${names.join('; ')}`);
}

const AT = '2026-11-20T17:00:00.000Z';
const CLOCK = { nowMs: Date.parse(AT), bootMs: Date.parse(AT) - 1e9 };

function rows(file: string): string[] {
  return isThere ? readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1) : [];
}
const real = rows('real-lines.txt');
const formats = rows('format-lines.txt');

function eventOf(line: string): KernelEvent | null {
  return parseKernelText(parseRecord(line)?.text ?? unframe(line, CLOCK).text, AT);
}
function findingsOf(events: readonly KernelEvent[]): Finding[] {
  const result = runChecks({ samples: {}, events, at: AT, expectedGpus: null, open: [], ...NO_PAST });
  return findings(applySeen(EMPTY_LEDGER, { node: 'n', bootId: 'b', at: AT, samples: {}, ...result }).ledger);
}
/** `kind number bus-id code class`, or `-`; a row that proves recovery opens nothing. */
function meaning(line: string): string {
  const event = eventOf(line);
  if (event === null || event.kind === 'lost-records') return '-';
  const finding = findingsOf([event])[0];
  const number = event.kind === 'xid' ? ` ${event.xid}` : event.kind === 'sxid' ? ` ${event.sxid}` : '';
  return `${event.kind}${number} ${event.pciBusId}${finding === undefined ? '' : ` ${finding.code} ${finding.class}`}`;
}
async function collect(file: string) {
  const collected = await new KernelLogCollector({ path: join(folder, file), follow: false }).collect();
  return { state: collected.state, events: collected.sample?.events ?? [], counters: collected.sample?.counters };
}

/** Row number, as `cat -n` prints it, and its meaning. */
const REAL: readonly (readonly [number, string])[] = [
  [1, 'gpu-identity 0000:9b:00.0'],
  [2, '-'],
  [3, 'xid 119 0000:9b:00.0 xid.119 reset'],
  [4, '-'],
  [11, '-'],
  [14, '-'],
  [16, 'xid 149 0009:01:00.0 xid.149 decode'],
  [17, 'xid 154 0009:01:00.0 recovery-action.4 reset'],
  [19, 'xid 154 0019:01:00.0 recovery-action.1 reset'],
  [25, 'xid 149 0018:01:00.0 xid.149 decode'],
  [26, 'xid 145 0018:01:00.0 xid.145 decode'],
  [30, 'xid 149 0019:01:00.0 xid.149 decode'],
  [39, 'gpu-identity 0000:91:00.0'],
  [41, 'xid 79 0000:91:00.0 xid.79 reboot'],
  [42, 'gpu-lost 0000:91:00.0 gpu.lost reboot'],
  [43, 'gpu-identity 0000:91:00.0'],
  [44, 'sxid 20034 0000:06:00.0 sxid.20034 domain'],
  [46, 'sxid 20034 0000:07:00.0 sxid.20034 domain'],
  [47, 'sxid 20034 0000:05:00.0 sxid.20034 domain'],
  [52, 'sxid 12028 0000:05:00.0 sxid.12028 domain'],
  [54, 'sxid 12028 0000:84:00.0 sxid.12028 domain'],
  [55, '-'],
  [65, '-'],
  [66, '-'],
  [68, '-'],
  [70, 'xid 45 0000:61:00.0 xid.45 follow'],
  [72, '-'],
  [75, 'xid 13 0000:38:00.0 xid.13 app'],
  [91, 'xid 43 0000:38:00.0 xid.43 follow'],
  [99, 'xid 149 0018:01:00.0 xid.149 decode'],
  [101, 'xid 74 0003:00:00.0 xid.74 decode'],
  [102, 'xid 32 0000:66:00.0 xid.32 app'],
  [103, 'xid 46 0000:3f:00.0 xid.46 reset'],
  [104, 'xid 69 0001:ab:cd.0 xid.69 app'],
  [105, 'xid 154 0008:01:00.0 recovery-action.1 reset'],
  [106, 'xid 154 0008:01:00.0'],
  [107, 'sxid 28006 0000:c1:00.0 sxid.28006 watch'],
  [108, 'sxid 20009 0000:06:00.0 sxid.20009 watch'],
  [109, 'sxid 24007 0000:c3:00.0 sxid.24007 domain'],
  [110, 'sxid 26008 0004:00:00.0 sxid.26008 unclassified'],
  [111, 'sxid 26006 0004:00:00.0 sxid.26006 unclassified'],
  [112, 'sxid 20009 0000:06:00.0 sxid.20009 watch'],
  [113, 'sxid 12033 0000:c3:00.0 sxid.12033 unclassified'],
  [114, 'xid 145 0000:c5:00.0 xid.145 decode'],
  [115, '-'],
  [119, '-'],
  [120, 'xid 45 0000:dc:00.0 xid.45 follow'],
  [122, 'xid 119 0000:61:00.0 xid.119 reset'],
  [125, '-'],
  [126, 'xid 31 0000:2b:00.0 xid.31 app'],
  [127, 'xid 79 0004:01:00.0 xid.79 reboot'],
  [129, 'xid 48 0000:8a:00.0 xid.48 reset'],
  [130, 'xid 48 0000:07:00.0 xid.48 reset'],
  [132, 'xid 63 0000:52:00.0 xid.63 ignore'],
  [133, 'xid 94 0000:52:00.0 xid.94 app'],
  [134, 'xid 63 0000:10:1c.0 xid.63 ignore'],
  [135, 'sxid 19084 0000:c6:00.0 sxid.19084 domain'],
  [137, 'sxid 10002 0000:c4:00.0 sxid.10002 watch'],
  [138, 'xid 64 0000:0f:00.0 xid.64 replace'],
  [139, 'xid 145 0000:5f:00.0 xid.145 decode'],
  [140, 'xid 13 0000:01:00.0 xid.13 app'],
  [141, 'xid 43 0000:01:00.0 xid.43 follow'],
  [142, 'xid 79 0000:06:00.0 xid.79 reboot'],
  [143, 'xid 74 0000:c1:00.0 xid.74 decode'],
  [144, 'xid 154 0000:01:00.0 recovery-action.2 reboot'],
  [145, 'xid 154 0000:01:00.0 recovery-action.2 reboot'],
  [146, 'xid 154 0000:0d:00.0 recovery-action.1 reset'],
  [151, '-'],
  [167, '-'],
  [193, '-'],
  [194, '-'],
];
const FORMATS: readonly (readonly [number, string])[] = [
  [1, 'xid 94 0000:01:00.0 xid.94 app'],
  [2, 'xid 94 0000:01:00.0 xid.94 app'],
  [3, 'xid 95 0000:01:00.0 xid.95 reset'],
  [4, 'xid 31 0000:01:00.0 xid.31 app'],
  [5, 'xid 154 0000:01:00.0 recovery-action.3 domain'],
  [6, 'xid 154 0000:01:00.0 recovery-action.5 domain'],
  [7, '-'],
  [9, '-'],
  [11, '-'],
  [12, 'gpu-lost 0000:b3:00.0 gpu.lost reboot'],
  [13, '-'],
];

describe.skipIf(!isThere)('every captured kernel line means what we wrote down', () => {
  it.each(REAL)('real row %i: %s', (row, expected) => {
    expect(meaning(real[row - 1] ?? '')).toBe(expected);
  });

  it.each(FORMATS)('format row %i: %s', (row, expected) => {
    expect(meaning(formats[row - 1] ?? '')).toBe(expected);
  });

  it('reads the details that lines carry', () => {
    const of = (row: number) => eventOf(real[row - 1] ?? '');
    expect(of(1)).toMatchObject({ uuid: 'GPU-509665ad-b600-ac93-3616-d754b23d636d' });
    expect(of(13)).toMatchObject({ pid: 1240590, process: 'gpud' });
    expect(of(26)).toMatchObject({ pid: 876767, process: 'ray::WorkerDict' });
    expect(of(41)).toMatchObject({ pid: null, process: null, detail: 'GPU has fallen off the bus.' });
    expect(of(43)).toMatchObject({ serial: '1653723052734' });
    expect(of(45)).toMatchObject({ switchName: 'nvidia-nvswitch0', fatal: true, link: 63 });
    expect(of(108)).toMatchObject({ fatal: false, link: 4 });
    expect(of(112)).toMatchObject({ fatal: false, link: null });
    expect(of(113)).toMatchObject({ fatal: null });
    expect(of(121)).toMatchObject({ causedBy: 145 });
    expect(eventOf(formats[3] ?? '')).toMatchObject({ gpuInstance: 5, computeInstance: 1, process: 'python3' });
  });
});

describe.skipIf(!isThere)('whole files', () => {
  it('finds every event, and nothing else', async () => {
    const { state, events, counters } = await collect('real-lines.txt');
    const count = (kind: KernelEvent['kind']) => events.filter((event) => event.kind === kind).length;
    // Counted with grep; the GPU lost without an Xid is three rows, and two identity rows are followed by a serial number.
    expect({
      state,
      xid: count('xid'),
      sxid: count('sxid'),
      lost: count('gpu-lost'),
      identity: count('gpu-identity'),
    }).toEqual({ state: 'ok', xid: 80, sxid: 21, lost: 2, identity: 4 });
    expect(counters).toEqual({ records: 194, lost: 0, overruns: 0, forged: 0, malformed: 0 });
    expect(events.find(({ kind, text }) => kind === 'gpu-lost' && text.includes('PCI ID'))).toMatchObject({
      pciBusId: '0000:b3:00.0',
    });
    expect(events.filter(({ kind }) => kind === 'gpu-identity')[0]).toMatchObject({ serial: '1650124014249' });
  });

  it('passes over a record that user space wrote', async () => {
    expect((await collect('format-lines.txt')).counters).toMatchObject({ records: 13, forged: 1 });
  });

  it('one fault of memory is one reset, however many lines it prints', () => {
    const events = real
      .slice(130, 133)
      .map(eventOf)
      .filter((event) => event !== null);
    const chain = findingsOf(events);
    expect(chain.map((finding) => [finding.code, finding.class])).toEqual([
      ['xid.48', 'reset'],
      ['xid.63', 'ignore'],
      ['xid.94', 'app'],
    ]);
    expect(verdict(chain, [])).toBe('unhealthy');
  });

  it('switch errors after a GPU left the bus are its symptoms', () => {
    const events = real
      .slice(38, 51)
      .map(eventOf)
      .filter((event) => event !== null);
    expect(findingsOf(events).map((finding) => [finding.code, finding.class, finding.gpu?.uuid])).toEqual([
      ['xid.79', 'reboot', 'GPU-b6c3b2be-c55b-d076-fa0e-d464e4c7e08b'],
      ['sxid.20034', 'follow', undefined],
    ]);
  });

  it('an application’s storm of Xids leaves the node healthy', () => {
    const events = real
      .slice(74, 91)
      .map(eventOf)
      .filter((event) => event !== null);
    const storm = findingsOf(events);
    expect(storm.map(({ code, count, evidence }) => [code, count, evidence.length])).toEqual([
      ['xid.13', 16, 1],
      ['xid.43', 1, 1],
    ]);
    expect(verdict(storm, [])).toBe('healthy');
  });
});

describe.skipIf(!isThere)('captured lines, mutated', () => {
  const mutated = fc
    .tuple(fc.nat(), fc.nat(300), fc.nat(30), fc.string({ unit: 'binary', maxLength: 30 }))
    .map(([row, at, cut, put]) => {
      const lines = [...real, ...formats];
      const line = lines[row % lines.length] ?? '';
      return line.slice(0, at) + put + line.slice(at + cut);
    });

  it('are parsed or not, checked and kept, and nothing throws', () => {
    fc.assert(
      fc.property(fc.array(mutated, { maxLength: 10 }), (lines) => {
        const found = findingsOf(lines.map(eventOf).filter((event) => event !== null));
        for (const finding of found) expect(finding.rule).not.toBe('');
      }),
      { numRuns: 2000 },
    );
  });
});
