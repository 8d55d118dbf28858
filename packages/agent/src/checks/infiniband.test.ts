import type { InfinibandPort } from '@trivet/shared/model/infiniband.ts';
import { describe, expect, it } from 'vitest';
import { OverTime } from './over-time.fixture.ts';

const EVERY_MS = 30_000;
const PORT: InfinibandPort = {
  device: 'mlx5_0',
  port: 1,
  linkLayer: 'InfiniBand',
  state: 'active',
  physicalState: 'LinkUp',
  bitsPerSecond: 400e9,
  linkDowned: 3,
  linkErrorRecovery: 0,
  symbolErrors: 0,
};
const OTHER: InfinibandPort = { ...PORT, device: 'mlx5_1' };
const DOWN: Partial<InfinibandPort> = { state: 'down', physicalState: 'Polling', bitsPerSecond: 2.5e9 };

function node(over: Partial<InfinibandPort> = {}, other: Partial<InfinibandPort> = {}) {
  return {
    infiniband: {
      ports: [
        { ...PORT, ...over },
        { ...OTHER, ...other },
      ],
    },
  };
}

describe('an RDMA port that is down', () => {
  it('opens after four minutes, and closes after two minutes up', () => {
    const watch = new OverTime();
    watch.look(node());
    expect(watch.minutes(3, node({}, DOWN), EVERY_MS)).toEqual([]);
    expect(watch.minutes(2, node({}, DOWN), EVERY_MS)).toEqual(['infiniband.port-down@mlx5_1/1']);
    expect([...watch.texts].at(-1)).toBe('mlx5_1 port 1 (InfiniBand): down for 4 min or more, and was up before');
    expect(watch.minutes(1, node(), EVERY_MS)).toEqual(['infiniband.port-down@mlx5_1/1']);
    expect(watch.minutes(2, node(), EVERY_MS)).toEqual([]);
  });

  it('has its own finding and its own end, and one that is gone has not come up', () => {
    const watch = new OverTime();
    watch.look(node());
    const both = ['infiniband.port-down@mlx5_0/1', 'infiniband.port-down@mlx5_1/1'];
    expect(watch.minutes(5, node(DOWN, DOWN), EVERY_MS)).toEqual(both);
    expect(watch.minutes(3, node({}, DOWN), EVERY_MS)).toEqual(both.slice(1));
    expect(watch.minutes(30, { infiniband: { ports: [PORT] } }, EVERY_MS)).toEqual(both.slice(1));
  });

  it('is not one that was never up here: nobody has connected it', () => {
    expect(new OverTime().minutes(60, node({}, DOWN), EVERY_MS)).toEqual([]);
  });

  it('is still known to have been up after a restart', () => {
    const watch = new OverTime();
    watch.look(node());
    watch.restart();
    expect(watch.minutes(5, node(DOWN), EVERY_MS)).toEqual(['infiniband.port-down@mlx5_0/1']);
  });

  it('stays open while its state cannot be read', () => {
    const watch = new OverTime();
    watch.look(node());
    watch.minutes(5, node(DOWN), EVERY_MS);
    expect(watch.minutes(30, node({ state: null }), EVERY_MS)).toEqual(['infiniband.port-down@mlx5_0/1']);
    expect(watch.minutes(30, {}, EVERY_MS)).toEqual(['infiniband.port-down@mlx5_0/1']);
  });
});

describe('an RDMA port that flaps', () => {
  it('by the counter of the adapter: three times in ten minutes, until it is quiet for ten', () => {
    const watch = new OverTime();
    watch.look(node());
    expect(watch.minutes(1, node({ linkDowned: 5 }), EVERY_MS)).toEqual([]);
    expect(watch.minutes(1, node({ linkDowned: 6 }), EVERY_MS)).toEqual(['infiniband.flapping@mlx5_0/1']);
    expect(watch.minutes(8, node({ linkDowned: 6 }), EVERY_MS)).toEqual(['infiniband.flapping@mlx5_0/1']);
    expect(watch.minutes(3, node({ linkDowned: 6 }), EVERY_MS)).toEqual([]);
  });

  it('by what was seen, where the adapter does not count', () => {
    const watch = new OverTime();
    const uncounted = (look: number) =>
      node({ linkDowned: null, ...(look % 2 === 0 ? DOWN : {}) }, { linkDowned: null });
    expect(watch.minutes(4, uncounted, EVERY_MS)).toEqual(['infiniband.flapping@mlx5_0/1']);
  });
});

describe('an RDMA port that is slower than it was', () => {
  it('opens after three looks, and closes after three at its best', () => {
    const watch = new OverTime();
    watch.look(node());
    const slower = node({ bitsPerSecond: 200e9 });
    expect(watch.look(slower, EVERY_MS)).toEqual([]);
    expect(watch.minutes(1, slower, EVERY_MS)).toEqual(['infiniband.slow@mlx5_0/1']);
    expect(watch.minutes(1, node(), EVERY_MS)).toEqual(['infiniband.slow@mlx5_0/1']);
    expect(watch.minutes(1, node(), EVERY_MS)).toEqual([]);
  });

  it('is not one that is down, whatever rate it shows', () => {
    const watch = new OverTime();
    watch.look(node());
    expect(watch.minutes(3, node(DOWN), EVERY_MS)).toEqual([]);
  });
});
