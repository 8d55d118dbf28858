import { describe, expect, it } from 'vitest';
import { STEP_MS, WORLD_START, passTime, worldClock } from './clock.ts';
import { STANDINGS } from './fleet.ts';
import { createWorld, type AgentView, type Frame } from './world.ts';

const FAR = 60;

function view(frame: Frame, node: string): AgentView {
  const found = frame.agents.find((agent) => agent.node === node);
  if (found === undefined) throw new Error(`no agent on ${node}`);
  return found;
}

describe('createWorld', () => {
  const world = createWorld({ nodes: 64, seed: 7 });
  const standing = (name: string): string => {
    const node = world.fleet.find((candidate) => candidate.standing === name);
    if (node === undefined) throw new Error(`nobody is ${name}`);
    return node.name;
  };

  it('is the same for the same seed, whatever was asked before', () => {
    const other = createWorld({ nodes: 64, seed: 7 });
    other.frame(FAR);
    expect(other.frame(3)).toEqual(world.frame(3));
  });

  it('is another for another seed', () => {
    expect(createWorld({ nodes: 64, seed: 8 }).frame(1)).not.toEqual(world.frame(1));
  });

  it('has each standing as often as it says, in 64 nodes', () => {
    for (const { name, of64 } of STANDINGS) {
      expect(world.fleet.filter((node) => node.standing === name)).toHaveLength(of64);
    }
  });

  it.each([1, 2, 5, 8, 20])('makes %i nodes without too many silent ones', (nodes) => {
    const small = createWorld({ nodes, seed: 3 });
    const frame = small.frame(3);
    expect(small.fleet).toHaveLength(nodes);
    expect(frame.agents.filter(({ reports }) => reports).length / nodes).toBeGreaterThanOrEqual(0.9);
  });

  it('shows each leg what it can know', () => {
    const frame = world.frame(1);
    const inventory = new Set(frame.inventory.map(({ node }) => node));
    const cluster = new Set(frame.cluster.map(({ node }) => node));
    const agents = new Set(frame.agents.map(({ node }) => node));
    expect([inventory.has(standing('foreign')), cluster.has(standing('foreign'))]).toEqual([false, true]);
    expect([inventory.has(standing('inventory-only')), cluster.has(standing('inventory-only'))]).toEqual([true, false]);
    expect([cluster.has(standing('silent')), agents.has(standing('silent'))]).toEqual([true, false]);
  });

  it('lets the stale node report once, and exchanges one GPU of another between the first pass and the second', () => {
    expect([1, 2, 3].map((pass) => view(world.frame(pass), standing('stale')).reports)).toEqual([true, false, false]);
    const uuids = (pass: number): (string | null)[] =>
      view(world.frame(pass), standing('identity-changed')).hardware.gpus.map(({ uuid }) => uuid);
    const changed = uuids(1).filter((uuid, index) => uuid !== uuids(2)[index]);
    expect(changed).toHaveLength(1);
    expect(uuids(3)).toEqual(uuids(2));
  });

  it('opens with as many hard faults as asked, on distinct nodes, in several racks and passes', () => {
    const large = createWorld({ nodes: 1000, seed: 1, hardFaults: 50 });
    const hardNodes = (pass: number): AgentView[] =>
      large.frame(pass).agents.filter(({ faults }) => faults.some(({ fault }) => fault.hard));
    const opening = new Set(hardNodes(3).flatMap(({ node, faults }) => (faults[0] === undefined ? [] : [node])));
    expect(hardNodes(1).length).toBeGreaterThan(10);
    expect(hardNodes(1).length).toBeLessThan(hardNodes(2).length);
    expect(opening.size).toBeGreaterThanOrEqual(50);
    expect(new Set([...opening].map((node) => node.split('-')[1])).size).toBeGreaterThan(30);
  });

  it('goes on: faults begin, people repair, jobs change', () => {
    const lifecycles = (pass: number): number =>
      world.frame(pass).inventory.filter(({ lifecycle }) => lifecycle === 'in-repair').length;
    const counts = Array.from({ length: FAR }, (_, index) => lifecycles(index + 1));
    expect(Math.max(...counts)).toBeGreaterThan(Math.min(...counts));
    expect(counts.at(-1)).toBeLessThan(Math.max(...counts));
    expect(world.frame(1).cluster).not.toEqual(world.frame(11).cluster);
  });

  it('places no work where the scheduler would not', () => {
    for (const row of world.frame(12).cluster) {
      if (row.drained || !row.ready) expect(row.work).toEqual([]);
    }
  });
});

describe('worldClock', () => {
  it('stands still within a pass and moves one step to the next, never back', () => {
    const clock = worldClock();
    expect(clock.now()).toEqual(WORLD_START);
    clock.moveTo(2);
    expect(clock.now().getTime() - WORLD_START.getTime()).toBe(2 * STEP_MS);
    expect(clock.now()).toEqual(passTime(2));
    expect(() => clock.moveTo(1)).toThrow(RangeError);
  });
});
