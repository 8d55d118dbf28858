import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import { expect, it } from 'vitest';
import { NodeObserver } from './check-node.ts';
import type { Collected } from './collectors/collector.ts';
import type { KernelLogSample } from './collectors/kernel-log.ts';
import type { Sense } from './senses.ts';

it('counts what senses cost and how often they fail', async () => {
  const answers: Collected<object>[] = [
    { state: 'ok', sample: {} },
    { state: 'failed', reason: 'no driver' },
  ];
  const tool: Sense = {
    name: 'nvidia-smi',
    everyMs: 0,
    demand: () => ({ asked: true, required: true }),
    printedBytes: () => 7,
    collect: async () => answers.shift() ?? { state: 'unknown', reason: 'no more' },
  };
  const unread: Collected<KernelLogSample> = { state: 'unknown', reason: 'not read' };
  const senses = {
    host: { name: 'host', collect: async () => ({ state: 'ok', sample: hostFixture() }) as const },
    kernelLog: { name: 'kernel-log', hasNews: () => true, collect: async () => unread },
    others: [tool],
  };
  const demands = { given: new Set<never>(), isOwnNode: true, kernelLogRequired: false, expectedGpus: null };
  const observer = new NodeObserver(senses, demands);
  await observer.observe();
  await observer.observe();
  expect(observer.runs.all).toMatchObject([
    { name: 'host', runs: 2, failures: 0, printedBytes: null },
    { name: 'nvidia-smi', runs: 2, failures: 1, printedBytes: 7 },
  ]);
});
