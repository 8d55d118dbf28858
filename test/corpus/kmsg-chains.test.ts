/**
 * Faults print chains of lines. Each captured chain, as one machine would have read it: which findings are open at its end, on
 * which GPU, what they are symptoms of, and what the node is. The captures stay outside the repository (TRIVET_CORPUS).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assess, NO_PAST } from '@trivet/agent/check-node.ts';
import type { Assessment } from '@trivet/agent/check-node.ts';
import { parseKernelText } from '@trivet/agent/collectors/kernel-line.ts';
import { parseRecord, unframe } from '@trivet/agent/collectors/kernel-record.ts';

const folder = join(process.env['TRIVET_CORPUS'] ?? '', 'kmsg');
const isThere = process.env['TRIVET_CORPUS'] !== undefined && existsSync(join(folder, 'real-lines.txt'));
if (!isThere) console.warn('SKIPPED, TRIVET_CORPUS is not set or has no kmsg folder: captured chains');

const real = isThere ? readFileSync(join(folder, 'real-lines.txt'), 'utf8').split('\n').slice(0, -1) : [];
const NOW = Date.parse('2026-11-20T17:00:00.000Z');

/** Rows with a stamp keep their distances; others are a millisecond apart. */
function look(first: number, last: number, ...after: readonly string[]): Assessment {
  const texts = [...real.slice(first - 1, last), ...after].map((line) => {
    const seconds = /^(?:kernel: )?\[\s*(\d+\.\d+)\]/.exec(line)?.[1];
    const text = parseRecord(line)?.text ?? unframe(line, { nowMs: NOW, bootMs: 0 }).text;
    return { text, ms: seconds === undefined ? null : Number(seconds) * 1000 };
  });
  const start = texts.find(({ ms }) => ms !== null)?.ms ?? 0;
  const events = texts.flatMap(({ text, ms }, index) => {
    const atMs = NOW - 3_600_000 + (ms === null ? index : ms - start);
    const event = parseKernelText(text, new Date(atMs).toISOString(), first + index);
    return event === null ? [] : [event];
  });
  const at = new Date(NOW).toISOString();
  const observation = { begunAt: at, at, samples: {}, comparable: {}, comparesPci: true, events, signals: [] };
  return assess(observation, { ...NO_PAST, node: 'n', expectedGpus: null });
}

/** `code class gpu`, and the root of a symptom, one line a finding. */
function open({ findings }: Assessment): string[] {
  return findings.map(({ code, class: kind, gpu, rule }) => {
    const root = /^A symptom of (.+?)\. /.exec(rule)?.[1];
    return [code, kind, gpu?.pciBusId ?? 'node', ...(root === undefined ? [] : ['of', root])].join(' ');
  });
}

describe.skipIf(!isThere)('captured chains', () => {
  it.each<[string, [number, number], string, string[]]>([
    [
      'an uncorrectable memory error: 48, 63, 94 in 25 ms',
      [131, 133],
      'unhealthy',
      ['xid.48 reset 0000:52:00.0', 'xid.63 follow 0000:52:00.0 of xid.48', 'xid.94 follow 0000:52:00.0 of xid.48'],
    ],
    [
      'PCIe errors, then the GPU falls off the bus: only the last of them is judged',
      [147, 157],
      'unhealthy',
      [
        'pcie.aer-corrected ignore node',
        'xid.79 reboot 0000:02:00.0',
        'pcie.aer-fatal follow node of xid.79',
        'pcie.unrecovered-gpu follow 0000:02:00.0 of xid.79',
      ],
    ],
    [
      'a fatal error at a port whose GPU could not be recovered',
      [158, 160],
      'unhealthy',
      ['pcie.unrecovered-gpu reboot 0000:03:00.0', 'pcie.aer-fatal watch node'],
    ],
    [
      'a GPU off the bus, twelve seconds later its switches',
      [39, 51],
      'unhealthy',
      ['xid.79 reboot 0000:91:00.0', 'sxid.20034 follow node of xid.79'],
    ],
    [
      "an application's storm: 16 exceptions and the channel that they end",
      [75, 91],
      'healthy',
      ['xid.13 app 0000:38:00.0', 'xid.43 follow 0000:38:00.0 of xid.13'],
    ],
    [
      'links that the other end took down, and what the drivers ask for',
      [16, 24],
      'unhealthy',
      [
        'xid.149.peer watch 0009:01:00.0',
        'recovery-action.4 reset 0009:01:00.0',
        'xid.149.peer watch 0008:01:00.0',
        'recovery-action.1 reset 0019:01:00.0',
        'recovery-action.1 reset 0018:01:00.0',
        'recovery-action.1 reset 0008:01:00.0',
      ],
    ],
    [
      'a GSP that does not answer',
      [1, 13],
      'unhealthy',
      ['xid.119 reset 0000:9b:00.0', 'nvrm.gsp-rate-limited follow 0000:9b:00.0 of xid.119'],
    ],
    [
      'a GPU lost without an Xid (three rows, one message in the kernel)',
      [118, 125],
      'unhealthy',
      [
        'nvrm.probe-failed watch node',
        'xid.45 follow 0000:dc:00.0 of xid.149',
        'xid.45 follow 0000:ed:00.0 of xid.145',
        'xid.119 reset 0000:61:00.0',
        'nvrm.gpu-is-lost reboot node',
      ],
    ],
    [
      'amdgpu: a fatal error, a reset that has not ended, its firmware silent',
      [170, 172],
      'unhealthy',
      [
        'amdgpu.ras-fatal reset 0000:e3:00.0',
        'amdgpu.reset-begun watch 0000:e3:00.0',
        'amdgpu.smu-timeout follow 0000:e3:00.0 of amdgpu.ras-fatal',
      ],
    ],
    [
      'amdgpu: hang, ring reset failed, GPU reset; whether the driver went on is not known yet',
      [173, 179],
      'unhealthy',
      [
        'amdgpu.ring-timeout app 0000:c5:00.0',
        'amdgpu.ring-reset-failed reset 0000:c5:00.0',
        'amdgpu.reset-begun watch 0000:c5:00.0',
        'amdgpu.mes-timeout watch 0000:c5:00.0',
      ],
    ],
    ['amdgpu: a hang that a ring reset ended', [180, 183], 'healthy', ['amdgpu.page-fault app 0000:04:00.0']],
    [
      'amdgpu: a reset that lost the memory',
      [186, 189],
      'degraded',
      [
        'amdgpu.ring-timeout app 0000:28:00.0',
        'amdgpu.reset-begun watch 0000:28:00.0',
        'amdgpu.vram-lost app 0000:28:00.0',
      ],
    ],
    ['amdgpu: counts that nobody believes', [192, 193], 'degraded', ['amdgpu.ras-implausible watch 0000:0b:00.0']],
    ['out of memory is a note', [92, 98], 'healthy', ['host.oom ignore node']],
  ])('%s', (_, [first, last], verdict, expected) => {
    const assessed = look(first, last);
    expect({ verdict: assessed.verdict, open: open(assessed) }).toEqual({ verdict, open: expected });
  });

  it('amdgpu: once the driver goes on after the reset, all of it is over', () => {
    const assessed = look(173, 179, '[127039.000000] amdgpu 0000:c5:00.0: amdgpu: GPU reset(4) succeeded!');
    expect({ verdict: assessed.verdict, open: open(assessed) }).toEqual({ verdict: 'healthy', open: [] });
  });

  it('one burst is one finding with all its lines counted', () => {
    const [storm] = look(75, 91).findings;
    expect(storm).toMatchObject({ count: 16, evidence: { length: 1 } });
  });
});
