/** A daemon's node is its own, whatever path its tool has: nothing about that node goes unseen for it. */
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import { describe, expect, it } from 'vitest';
import { NO_PAST, NodeObserver, assess } from './check-node.ts';
import { gpuFixture, sampleFixture } from './checks/nvidia-gpu.fixture.ts';
import type { Collected, Collector } from './collectors/collector.ts';
import type { KernelLogSample } from './collectors/kernel-log.ts';
import { amdSense, nvidiaSense } from './senses.ts';

function answering<Sample>(name: string, answer: Collected<Sample>): Collector<Sample> {
  return { name, collect: async () => answer };
}
const NO_LOG = { state: 'unknown', reason: 'may not be read' } as const;

async function look(isOwnNode: boolean) {
  const pciGpus = [{ vendor: 'amd', pciBusId: '0000:0a:00.0' }] as const;
  const senses = {
    host: answering('host', { state: 'ok', sample: hostFixture({ forcedReadOnly: ['/'], pciGpus }) }),
    kernelLog: answering<KernelLogSample>('kernel-log', NO_LOG),
    others: [
      nvidiaSense(answering('nvidia-smi', { state: 'ok', sample: sampleFixture([gpuFixture()]) })),
      amdSense(answering('amd-smi', { state: 'failed', reason: 'no such program' })),
    ],
  };
  const demands = { given: new Set(['nvidia'] as const), isOwnNode, kernelLogRequired: false, expectedGpus: null };
  const observation = await new NodeObserver(senses, demands).observe();
  const { findings, verdict } = assess(observation, { ...NO_PAST, node: 'n1', expectedGpus: null });
  const required = observation.signals.filter((signal) => signal.required).map(({ name }) => name);
  return { codes: findings.map(({ code }) => code), verdict, required };
}

describe('where a tool has a path of its own', () => {
  it('the daemon still sees its host and the cards of the other vendor, and compares no count with PCI', async () => {
    expect(await look(true)).toEqual({
      codes: ['host.filesystem-read-only'],
      verdict: 'unhealthy',
      required: ['host', 'nvidia-smi', 'amd-smi'],
    });
  });

  it("a person's tool may be another machine's: this one's state says nothing of it", async () => {
    expect(await look(false)).toEqual({ codes: [], verdict: 'healthy', required: ['nvidia-smi'] });
  });
});
