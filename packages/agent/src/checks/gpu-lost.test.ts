/** A GPU that is named and not looked at has not come back. */
import { expect, it } from 'vitest';
import { QUIET } from './check-input.fixture.ts';
import { gpuLost } from './gpu-lost.ts';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';

function overBy(gpu: Partial<NvidiaGpu>): string[] {
  const samples = { nvidia: sampleFixture([gpuFixture(gpu)]) };
  const absent = gpuLost.absent?.({ ...QUIET, samples, mostGpusSeen: 1 }) ?? [];
  return [...new Set(absent.map(({ code }) => code))];
}

it('is over when the GPU gives readings again, not when it gives none', () => {
  const none = { temperatureCelsius: { unknown: 'absent' }, memoryTotalBytes: { unknown: 'absent' } };
  expect(overBy({})).toEqual(['gpu.lost', 'gpu.unknown-error', 'gpu.unreachable']);
  expect(overBy(none)).toEqual([]);
  expect(overBy({ ...none, errorTexts: ['temperature/gpu_temp: Timeout'] })).toEqual([]);
  expect(overBy({ errorTexts: ['power: GPU is lost'] })).toEqual(['gpu.unknown-error', 'gpu.unreachable']);
});
