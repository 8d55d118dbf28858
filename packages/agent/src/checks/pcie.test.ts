import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import { describe, expect, it } from 'vitest';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';
import { OverTime } from './over-time.fixture.ts';

const BUSY = { utilizationRatio: { value: 1 } };
const IDLE = { utilizationRatio: { value: 0 } };

function gpus(...each: readonly Partial<NvidiaGpu>[]) {
  const all = each.map((over, index) =>
    gpuFixture({ uuid: `GPU-0000000${index}`, pciBusId: `0000:0${index}:00.0`, ...over }),
  );
  return { nvidia: sampleFixture(all) };
}
const lanes = (pcieLinkWidth: number) => ({ pcieLinkWidth: { value: pcieLinkWidth } });

describe('PCIe lanes', () => {
  it('fewer than before, under load: opens after three looks, and closes when they are back', () => {
    const watch = new OverTime();
    watch.look(gpus({ ...BUSY }));
    expect([1, 2].flatMap(() => watch.look(gpus({ ...BUSY, ...lanes(8) })))).toEqual([]);
    expect(watch.look(gpus({ ...BUSY, ...lanes(8) }))).toEqual(['pcie.width-dropped@0000:00:00.0']);
    // At rest nothing is judged, in either direction.
    expect(watch.minutes(10, gpus({ ...IDLE, ...lanes(16) }))).toEqual(['pcie.width-dropped@0000:00:00.0']);
    expect(watch.minutes(1, gpus({ ...BUSY, ...lanes(16) }))).toEqual([]);
  });

  it('are told as they were under load, whatever they are at rest: the same words at every look', () => {
    const watch = new OverTime();
    watch.look(gpus({ ...BUSY }));
    watch.minutes(1, gpus({ ...BUSY, ...lanes(8) }));
    watch.minutes(1, gpus({ ...IDLE, ...lanes(1) }));
    expect([...watch.texts].filter((text) => text.startsWith('current_link_width'))).toEqual([
      'current_link_width: 8 under load, where 16 were seen before or on another board like it',
    ]);
  });

  it('the past outlives a restart', () => {
    const watch = new OverTime();
    watch.look(gpus({ ...IDLE }));
    watch.restart();
    expect(watch.minutes(1, gpus({ ...BUSY, ...lanes(8) }))).toEqual(['pcie.width-dropped@0000:00:00.0']);
  });

  it('fewer than another board like it', () => {
    const both = gpus({ ...IDLE }, { ...BUSY, ...lanes(8) });
    expect(new OverTime().minutes(1, both)).toEqual(['pcie.width-dropped@0000:01:00.0']);
  });

  it('other models, and the slots of desktop machines, are not compared', () => {
    const others = gpus({ model: 'Other' }, { ...BUSY, ...lanes(8) });
    expect(new OverTime().minutes(1, others)).toEqual(['pcie.width-below-maximum@0000:01:00.0']);
    const desktop = { model: 'NVIDIA GeForce RTX 2080' };
    const slots = gpus({ ...desktop }, { ...desktop, ...BUSY, ...lanes(8) });
    expect(new OverTime().minutes(1, slots)).toEqual(['pcie.width-below-maximum@0000:01:00.0']);
  });

  it('idle boards are not judged, however narrow', () => {
    expect(new OverTime().minutes(30, gpus({ ...IDLE }, { ...IDLE, ...lanes(1) }))).toEqual([]);
  });

  it('a link that has not come up yet is not steady', () => {
    const watch = new OverTime();
    expect(watch.minutes(5, (look) => gpus({}, { ...BUSY, ...lanes(look % 3 === 0 ? 16 : 8) }))).toEqual([]);
  });
});

describe('PCIe generation', () => {
  const gen = (pcieLinkGen: number) => ({ pcieLinkGen: { value: pcieLinkGen } });

  it('goes down at rest, and is a fault under load only', () => {
    const watch = new OverTime();
    watch.look(gpus({ ...BUSY, ...gen(5) }));
    expect(watch.minutes(30, gpus({ ...IDLE, ...gen(1) }))).toEqual([]);
    expect(watch.minutes(1, gpus({ ...BUSY, ...gen(3) }))).toEqual(['pcie.generation-dropped@0000:00:00.0']);
    expect(watch.minutes(1, gpus({ ...BUSY, ...gen(5) }))).toEqual([]);
  });
});

describe('PCIe replays', () => {
  const perLook = (replays: number) => (look: number) => gpus({ pcieReplayTotal: { value: 4000 + look * replays } });

  it('more than eight a minute over ten minutes open it, two close it, and in between nothing changes', () => {
    const watch = new OverTime();
    expect(watch.minutes(10, perLook(2))).toEqual(['pcie.replays@0000:00:00.0']);
    expect(watch.minutes(12, (look) => perLook(1)(look + 200))).toEqual(['pcie.replays@0000:00:00.0']);
    expect(watch.minutes(12, perLook(0))).toEqual([]);
  });

  it('many of the past are no fault', () => {
    expect(new OverTime().minutes(30, perLook(0))).toEqual([]);
  });
});
