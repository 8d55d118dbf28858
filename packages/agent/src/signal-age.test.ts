/** The age of a signal goes into every report, which is refused as a whole when a number in it cannot be. */
import { expect, it } from 'vitest';
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import { NodeObserver } from './check-node.ts';
import type { Senses } from './check-node.ts';
import { gpuFixture, sampleFixture } from './checks/nvidia-gpu.fixture.ts';
import { nvidiaSense } from './senses.ts';

it('is never below zero, although the clock was set back behind the last sample', async () => {
  let nowMs = 3_600_000;
  const sample = sampleFixture([gpuFixture()]);
  const answers = [{ state: 'ok', sample } as const, { state: 'failed', reason: 'no such program' } as const];
  const tool = { name: 'nvidia-smi', collect: async () => answers.shift() ?? ({ state: 'ok', sample } as const) };
  const senses: Senses = {
    host: { name: 'host', collect: async () => ({ state: 'ok', sample: hostFixture() }) },
    kernelLog: { name: 'kernel-log', collect: async () => ({ state: 'unknown', reason: 'none' }) },
    others: [nvidiaSense(tool)],
  };
  const demands = {
    given: new Set(['nvidia'] as const),
    isOwnNode: false,
    kernelLogRequired: false,
    expectedGpus: null,
  };
  const observer = new NodeObserver(senses, demands, () => nowMs);
  await observer.observe();
  nowMs = 0;
  const { signals } = await observer.observe();
  expect(signals.find(({ name }) => name === 'nvidia-smi')).toMatchObject({ state: 'failed', ageMs: 0 });
});
