/** The same seed gives the same sets, byte for byte, whatever else the machine does; another seed gives others. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDemo, setsOf, type DemoRun } from './demo-folders.ts';

const PASSES = 3;

describe('demo sets', () => {
  let runs: DemoRun[];
  beforeAll(async () => {
    const first = { nodes: 64, seed: 7, passes: PASSES };
    // The second shares the machine with the third: other timing, and it must not show.
    const alone = await runDemo(first);
    runs = [alone, ...(await Promise.all([runDemo(first), runDemo({ ...first, seed: 8 })]))];
  });
  afterAll(() => runs.forEach((run) => run.remove()));

  const setsOfRun = (index: number): ReadonlyMap<string, string> => {
    const run = runs[index];
    if (run === undefined) throw new Error(`no run ${index}`);
    return setsOf(run);
  };

  it('are the same for the same seed, in all passes, by name and by byte', () => {
    const [first, second] = [setsOfRun(0), setsOfRun(1)];
    expect(first.size).toBeGreaterThan(PASSES * 60);
    expect([...second.keys()]).toEqual([...first.keys()]);
    const different = [...first].filter(([name, bytes]) => second.get(name) !== bytes).map(([name]) => name);
    expect(different).toEqual([]);
  });

  it('hold what real agents found: six of them, and one of theirs is unhealthy', () => {
    const [run] = runs;
    const real = readdirSync(join(run?.dir ?? '', 'agents'));
    const unhealthy = readFileSync(join(run?.folders.at(-1) ?? '', 'sets/telemetry/unhealthy'), 'utf8').split('\n');
    expect(real).toHaveLength(6);
    expect(real.filter((node) => unhealthy.includes(node)).length).toBeGreaterThan(0);
  });

  it('are others for another seed', () => {
    const [first, other] = [setsOfRun(0), setsOfRun(2)];
    const different = [...first].filter(([name, bytes]) => other.get(name) !== bytes);
    expect(different.length).toBeGreaterThan(PASSES * 10);
  });

  it('change from pass to pass', () => {
    const byPass = Map.groupBy([...setsOfRun(0)], ([name]) => name.split('/')[0]);
    const bytes = [...byPass.values()].map((sets) => sets.map(([, text]) => text).join('\0'));
    expect(new Set(bytes).size).toBe(PASSES);
  });
});
