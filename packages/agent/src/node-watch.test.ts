/** What a look costs the disk: nothing, as long as nothing happens. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { StateKeeper } from './agent-state.ts';
import { gpuFixture, sampleFixture } from './checks/nvidia-gpu.fixture.ts';
import { createLog } from './log.ts';
import { NodeWatch } from './node-watch.ts';
import { openOutbox } from './outbox/open.ts';
import { nvidiaSense } from './senses.ts';

const log = createLog({ level: 'error', now: Date.now, write: () => {} });
const PENDING = { remapPending: { value: true }, utilizationRatio: { value: 1 } };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trivet-watch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function watch(gpu: () => Partial<NvidiaGpu>) {
  const path = join(folder, 'state.json');
  const outbox = openOutbox(join(folder, 'outbox'), { node: 'n1', log });
  const keeper = new StateKeeper(path, 'n1', outbox, log);
  let nowMs = Date.UTC(2026, 10, 20, 17);
  const counters = { records: 0, lost: 0, overruns: 0, forged: 0, malformed: 0, unreadXids: 0 };
  const node = new NodeWatch({
    node: 'n1',
    expectedGpus: null,
    given: new Set(['nvidia'] as const),
    keeper,
    nowMs: () => (nowMs += 10_000),
    log,
    signal: new AbortController().signal,
    senses: {
      host: { name: 'host', collect: async () => ({ state: 'ok', sample: hostFixture() }) },
      kernelLog: {
        name: 'kernel-log',
        collect: async () => ({ state: 'ok', sample: { events: [], counters, cursor: null } }),
      },
      others: [
        nvidiaSense({
          name: 'nvidia-smi',
          collect: async () => ({ state: 'ok', sample: sampleFixture([gpuFixture(gpu())]) }),
        }),
      ],
    },
  });
  // A file that is written anew is another file.
  return { node, keeper, file: () => `${statSync(path).ino} ${readFileSync(path, 'utf8')}` };
}

describe('the disk', () => {
  it.each([
    ['healthy', {}],
    ['ill', PENDING],
  ])('is left alone by looks at a %s node that bring nothing new', async (_, over) => {
    const { node, file } = watch(() => over);
    await node.poll();
    const first = file();
    const { lastSeen } = node.findings[0] ?? { lastSeen: '' };
    await node.poll();
    await node.poll();
    expect(file()).toBe(first);
    // Reports know better than the file.
    expect((node.findings[0]?.lastSeen ?? 'later') > lastSeen).toBe(true);
  });

  it('gets what happened at once, and the rest with it or at the end', async () => {
    let over: Partial<NvidiaGpu> = {};
    const { node, keeper, file } = watch(() => over);
    await node.poll();
    const first = file();
    over = PENDING;
    await node.poll();
    expect(file()).not.toBe(first);
    expect(file()).toContain('remap.pending');
    await node.poll();
    keeper.saveAll();
    expect(file()).toContain(node.findings[0]?.lastSeen ?? 'no finding');
  });
});
