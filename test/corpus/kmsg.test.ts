/**
 * Real kernel lines (194 rows from production machines, 13 made from the drivers' format strings), with what each must mean,
 * written by hand. The captures stay outside the repository: TRIVET_CORPUS names their folder.
 */
import * as fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NO_PAST, assess } from '@trivet/agent/check-node.ts';
import type { KernelEvent } from '@trivet/agent/checks/kernel-event.ts';
import { parseKernelText } from '@trivet/agent/collectors/kernel-line.ts';
import { KernelLogCollector } from '@trivet/agent/collectors/kernel-log.ts';
import { parseRecord, unframe } from '@trivet/agent/collectors/kernel-record.ts';
import type { Finding } from '@trivet/shared/model/finding.ts';
import { FORMAT_LINES, REAL_LINES } from './expectations/kmsg.ts';
import type { Expectation } from './expectations/kmsg.ts';

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
  const observation = { begunAt: AT, at: AT, samples: {}, comparable: {}, comparesPci: true, events, signals: [] };
  return [...assess(observation, { ...NO_PAST, node: 'n', expectedGpus: null }).findings];
}
/** `kind number bus-id code class`, or `-`; a row that proves recovery opens nothing. */
function meaning(line: string): string {
  const event = eventOf(line);
  if (event === null || !('pciBusId' in event)) return '-';
  const finding = findingsOf([event])[0];
  const number = event.kind === 'xid' ? ` ${event.xid}` : event.kind === 'sxid' ? ` ${event.sxid}` : '';
  return `${event.kind}${number} ${event.pciBusId ?? 'node'}${finding === undefined ? '' : ` ${finding.code} ${finding.class}`}`;
}
async function collect(file: string) {
  const collected = await new KernelLogCollector({ path: join(folder, file), follow: false }).collect();
  return { state: collected.state, events: collected.sample?.events ?? [], counters: collected.sample?.counters };
}

/** One entry a row. */
function perRow(expectations: readonly Expectation[]): [number, string][] {
  return expectations.flatMap(([first, last, expected]) =>
    Array.from({ length: last - first + 1 }, (_, index): [number, string] => [first + index, expected]),
  );
}

describe.skipIf(!isThere)('every captured kernel line means what we wrote down', () => {
  it('every row has an expectation', () => {
    const numbers = (rows: readonly unknown[]) => rows.map((_, index) => index + 1);
    expect(perRow(REAL_LINES).map(([row]) => row)).toEqual(numbers(real));
    expect(perRow(FORMAT_LINES).map(([row]) => row)).toEqual(numbers(formats));
  });

  it.each(perRow(REAL_LINES))('real row %i: %s', (row, expected) => {
    expect(meaning(real[row - 1] ?? '')).toBe(expected);
  });

  it.each(perRow(FORMAT_LINES))('format row %i: %s', (row, expected) => {
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
    expect(counters).toEqual({ records: 194, lost: 0, overruns: 0, forged: 0, malformed: 0, unreadXids: 0 });
    expect(events.find(({ kind, text }) => kind === 'gpu-lost' && text.includes('PCI ID'))).toMatchObject({
      pciBusId: '0000:b3:00.0',
    });
    expect(events.filter(({ kind }) => kind === 'gpu-identity')[0]).toMatchObject({ serial: '1650124014249' });
  });

  it('passes over a record that user space wrote', async () => {
    expect((await collect('format-lines.txt')).counters).toMatchObject({ records: 13, forged: 1 });
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
