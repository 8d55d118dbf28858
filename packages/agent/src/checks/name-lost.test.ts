import type { LostGpu } from '@trivet/shared/model/gpu.ts';
import { describe, expect, it } from 'vitest';
import { withLostNamed } from './name-lost.ts';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';

const UUIDS = { '0000:1b:00.0': 'GPU-1', '0000:2b:00.0': 'GPU-2', '0000:3b:00.0': 'GPU-3' };
const LOST: LostGpu = { name: '1', pciBusId: null, uuid: null, kind: 'lost', text: 'GPU is lost' };

function named(
  described: readonly string[],
  listed: readonly string[],
  lost: readonly LostGpu[] = [LOST],
  uuids = UUIDS,
) {
  const gpus = Object.entries(uuids)
    .filter(([, uuid]) => described.includes(uuid))
    .map(([pciBusId, uuid]) => gpuFixture({ pciBusId, uuid }));
  const nvidia = sampleFixture(gpus, { lost, listed: listed.map((uuid) => ({ uuid, model: 'H100' })) });
  return withLostNamed({ nvidia }, uuids).nvidia?.lost.map(({ pciBusId, uuid }) => ({ pciBusId, uuid }));
}

describe('withLostNamed', () => {
  it('names the only board that is neither described nor listed', () => {
    expect(named(['GPU-1'], ['GPU-3'])).toEqual([{ pciBusId: '0000:2b:00.0', uuid: 'GPU-2' }]);
    expect(named([], ['GPU-1', 'GPU-2'])).toEqual([{ pciBusId: '0000:3b:00.0', uuid: 'GPU-3' }]);
  });

  it('does not guess between two, nor when two are lost, nor of a node that it has not seen whole', () => {
    const unnamed = { pciBusId: null, uuid: null };
    expect(named(['GPU-1'], [])).toEqual([unnamed]);
    expect(named(['GPU-1'], ['GPU-3'], [LOST, { ...LOST, name: '2' }])).toEqual([unnamed, unnamed]);
    expect(named(['GPU-1', 'GPU-2', 'GPU-3'], [])).toEqual([unnamed]);
  });

  it('leaves a name that the tool gave', () => {
    const given = { ...LOST, pciBusId: '0000:4b:00.0' };
    expect(named(['GPU-1'], ['GPU-3'], [given])).toEqual([{ pciBusId: '0000:4b:00.0', uuid: null }]);
  });
});
