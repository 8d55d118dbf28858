import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HungToolsCollector } from './hung-tools.ts';

const proc = mkdtempSync(join(tmpdir(), 'trivet-proc-'));
afterAll(() => rmSync(proc, { recursive: true, force: true }));
mkdirSync(join(proc, '4711'));
writeFileSync(join(proc, '4711/stat'), '4711 (nvidia-smi (x)) D 1 4711 4711 0 -1 4194560 1 0\n');

const startedAt = '2026-11-20T17:00:00.000Z';

function hung(pid: number, hasEnded: boolean) {
  return { hung: () => ({ since: startedAt, survivor: { pid, startedAt, hasEnded: () => hasEnded } }) };
}

describe('HungToolsCollector', () => {
  it('says nothing of tools that end', async () => {
    expect(await new HungToolsCollector({ 'nvidia-smi': { hung: () => null } }, proc).collect()).toEqual({
      state: 'ok',
      sample: { hung: [] },
    });
  });

  it('tells in which state a tool hangs, and which was ended', async () => {
    const killed = { hung: () => ({ since: startedAt, survivor: null }) };
    const tools = { 'nvidia-smi': hung(4711, false), 'amd-smi': hung(4712, false), other: hung(4711, true), killed };
    expect(await new HungToolsCollector(tools, proc).collect()).toEqual({
      state: 'ok',
      sample: {
        hung: [
          { tool: 'nvidia-smi', pid: 4711, since: startedAt, processState: 'D' },
          { tool: 'amd-smi', pid: 4712, since: startedAt, processState: null },
          { tool: 'other', pid: null, since: startedAt, processState: null },
          { tool: 'killed', pid: null, since: startedAt, processState: null },
        ],
      },
    });
  });
});
