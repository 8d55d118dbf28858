/** What is not taken for a GPU that has gone: one whose tool did not speak, or has not been brought up yet. */
import type { Samples, Vendor } from '@trivet/shared/model/report.ts';
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import { expect, it } from 'vitest';
import { amdGpuFixture, amdSampleFixture } from './amd-gpu.fixture.ts';
import { QUIET } from './check-input.fixture.ts';
import type { CheckInput } from './check.ts';
import { gpuCount } from './gpu-count.ts';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';

const nvidia = sampleFixture([gpuFixture()]);
const amd = amdSampleFixture([amdGpuFixture()]);
const BOTH: ReadonlySet<Vendor> = new Set(['nvidia', 'amd']);

/** Seen, then what is proved to be over. */
function answers(samples: Samples, over: Partial<CheckInput> = {}): string[][] {
  const input = { ...QUIET, mostGpusSeen: 2, samples, ...over };
  return [gpuCount.run(input), gpuCount.absent?.(input) ?? []].map((all) => all.map(({ code }) => code));
}

it('needs every vendor of the node: a tool that was not due, or failed, has not taken its GPUs out', () => {
  expect(answers({ nvidia, amd }, { toldVendors: BOTH })).toEqual([[], ['gpu.count', 'gpu.fewer-than-before']]);
  expect(answers({ nvidia }, { toldVendors: BOTH })).toEqual([[], []]);
  expect(answers({ amd }, { toldVendors: BOTH })).toEqual([[], []]);
  expect(answers({ nvidia })[0]).toEqual(['gpu.fewer-than-before']);
});

it('compares the GPUs of a tool that was named with what is expected, whatever else is on PCI', () => {
  expect(answers({ nvidia }, { pciVendors: BOTH, expectedGpus: 2 })).toEqual([['gpu.count'], []]);
  expect(answers({ nvidia }, { pciVendors: BOTH, expectedGpus: 1 })).toEqual([[], ['gpu.count']]);
});

it('misses no GPU that the tool counts and could not describe', () => {
  expect(answers({ nvidia: { ...nvidia, attachedGpus: 2 } })[0]).toEqual(['gpu.count']);
});

it('takes an answer without any GPU for none', () => {
  expect(answers({ nvidia: sampleFixture([]) })).toEqual([[], []]);
});

it('waits for a driver that brings up its GPUs one after the other', () => {
  const { modules } = hostFixture();
  for (const state of ['loading', 'unloading'] as const) {
    const host = hostFixture({ modules: { ...modules, nvidia: { state, version: null } } });
    expect(answers({ nvidia, host })).toEqual([[], []]);
  }
});
