import type { NvlinkGpu, NvlinkLink } from '@trivet/shared/model/nvlink.ts';
import { describe, expect, it } from 'vitest';
import { gpuFixture, sampleFixture } from './nvidia-gpu.fixture.ts';
import { OverTime } from './over-time.fixture.ts';

const MINUTE_MS = 60_000;

function link(number: number, active: boolean | null, errors: NvlinkLink['errors'] = {}): NvlinkLink {
  return { link: number, active, bytesPerSecond: active === true ? 25e9 : null, errors };
}
function up(count: number, errors: NvlinkLink['errors'] = {}): Partial<NvlinkGpu> {
  return { links: [link(0, count > 0, errors), ...[1, 2, 3].map((number) => link(number, number < count))] };
}
const DOWN: Partial<NvlinkGpu> = { support: 'inactive', links: [], counters: [] };

/** A node of GPUs of one model, each with its links. */
function node(...each: readonly Partial<NvlinkGpu>[]) {
  const gpus = each.map((_, index) => gpuFixture({ uuid: `GPU-0000000${index}`, pciBusId: `0000:0${index}:00.0` }));
  const links = each.map((over, index): NvlinkGpu => ({
    uuid: `GPU-0000000${index}`,
    support: 'links',
    text: null,
    links: [],
    counters: ['replay', 'recovery', 'crc'],
    ...over,
  }));
  return { nvidia: sampleFixture(gpus), nvlink: { gpus: links } };
}

describe('NVLinks that are down', () => {
  it('while all boards like it have them up', () => {
    const watch = new OverTime();
    expect(watch.look(node(up(4), up(4), up(3), up(4)))).toEqual(['nvlink.inactive@0000:02:00.0']);
    expect(watch.look(node(up(4), up(4), up(4), up(4)))).toEqual([]);
    expect(watch.look(node(up(4), up(4), up(4), DOWN))).toEqual(['nvlink.inactive@0000:03:00.0']);
  });

  it('while this one had them up, also before a restart', () => {
    const watch = new OverTime();
    expect(watch.look(node(up(4)))).toEqual([]);
    watch.restart();
    expect(watch.look(node(DOWN))).toEqual(['nvlink.inactive@0000:00:00.0']);
    expect([...watch.texts].at(-1)).toBe('0 links are up, 4 were or are on the boards like it');
    // Divided, or in other words: not told, and nothing changes.
    expect(watch.look(node({ support: 'mig', links: [] }))).toEqual(['nvlink.inactive@0000:00:00.0']);
    expect(watch.look(node({ links: [link(0, null)] }))).toEqual(['nvlink.inactive@0000:00:00.0']);
    expect(watch.look(node(up(4)))).toEqual([]);
  });

  it('but not on PCIe boards whose links were never up, nor on the ones that no bridge joins', () => {
    expect(new OverTime().look(node(DOWN, DOWN, DOWN, DOWN))).toEqual([]);
    expect(new OverTime().look(node(up(4), up(4), DOWN))).toEqual([]);
    expect(new OverTime().look(node(up(4), up(4), DOWN, DOWN))).toEqual([]);
  });
});

describe('NVLink errors', () => {
  const grows = (counter: 'replay' | 'recovery' | 'crc', perMinute: number) => (look: number) =>
    node(up(4, { [counter]: 1000 + look * perMinute }));

  it.each([
    ['nvlink.errors', 'replay', 2],
    ['nvlink.errors', 'crc', 6000],
    ['nvlink.recovery', 'recovery', 1],
  ] as const)('%s: %s, growing by %d a minute, until it does not grow for ten', (code, counter, perMinute) => {
    const watch = new OverTime();
    expect(watch.minutes(5, grows(counter, perMinute), MINUTE_MS)).toEqual([]);
    expect(watch.minutes(6, (look) => grows(counter, perMinute)(look + 5), MINUTE_MS)).toEqual([
      `${code}@0000:00:00.0`,
    ]);
    expect(watch.minutes(3, grows(counter, 0), MINUTE_MS)).toEqual([`${code}@0000:00:00.0`]);
    expect(watch.minutes(15, grows(counter, 0), MINUTE_MS)).toEqual([]);
  });

  it.each([
    ['replay', 0],
    ['crc', 1000],
  ] as const)('%s, growing by %d a minute, is none', (counter, perMinute) => {
    expect(new OverTime().minutes(30, grows(counter, perMinute), MINUTE_MS)).toEqual([]);
  });

  it('counters that cannot be read are not zero', () => {
    const watch = new OverTime();
    watch.minutes(12, grows('replay', 5), MINUTE_MS);
    const unread = node({ ...up(4), counters: [] });
    expect(watch.minutes(30, unread, MINUTE_MS)).toEqual(['nvlink.errors@0000:00:00.0']);
  });
});
