/** Anybody can check a pass with nothing but a shell: coreutils makes every derived set from the primary ones, byte for byte. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DECISION_SETS, PRIMARY_SETS } from '@trivet/aggregator/core/recipes.ts';
import { filesBelow, runDemo, type DemoRun } from './demo-folders.ts';

const PASSES = 3;

let run: DemoRun;
beforeAll(async () => {
  run = await runDemo({ nodes: 64, seed: 7, passes: PASSES });
});
afterAll(() => run.remove());

interface Recipe {
  readonly set: string;
  readonly algebra: string;
  readonly line: string;
}

function recipesOf(folder: string): Recipe[] {
  const text = readFileSync(join(folder, 'recipes.txt'), 'utf8');
  return text
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => {
      const [set = '', algebra = '', line = '', ...more] = row.split('\t');
      if (line === '' || more.length > 0) throw new Error(`recipes.txt: not three columns: ${row}`);
      return { set, algebra, line };
    });
}

/** Sets whose recipe gives other bytes than the file has. Each line as it stands, in whatever locale the user has. */
async function disagreements(folder: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const { set, line } of recipesOf(folder)) {
    const { stdout, stderr } = await execa('bash', ['-c', line], {
      cwd: folder,
      stripFinalNewline: false,
    });
    const file = readFileSync(join(folder, 'sets', set), 'utf8');
    if (stdout !== file || stderr !== '') wrong.push(set);
  }
  return wrong;
}

/** A copy in which one line of one set was taken out. */
function withoutOneLine(folder: string, set: string): string {
  const copy = `${folder}-changed`;
  cpSync(folder, copy, { recursive: true });
  const path = join(copy, 'sets', set);
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.length, `${set} must not be empty for this test`).toBeGreaterThan(1);
  writeFileSync(path, lines.slice(1).join('\n'));
  return copy;
}

describe('recipes.txt', () => {
  it.each(Array.from({ length: PASSES }, (_, index) => index))(
    'coreutils reproduces every derived set of demo pass %i',
    async (index) => {
      expect(await disagreements(run.folders[index] ?? '')).toEqual([]);
    },
  );

  it('has a recipe for exactly the sets that are neither primary nor decided', () => {
    const given = new Set([...PRIMARY_SETS, ...DECISION_SETS]);
    for (const folder of run.folders) {
      const onDisk = filesBelow(join(folder, 'sets')).map((path) => relative(join(folder, 'sets'), path));
      const recipes = recipesOf(folder).map(({ set }) => set);
      expect(recipes.toSorted()).toEqual(onDisk.filter((set) => !given.has(set)));
      expect(recipes.length).toBeGreaterThan(15);
    }
  });

  it('says something: most derived sets hold somebody by the last pass', () => {
    const last = run.folders.at(-1) ?? '';
    const sizes = recipesOf(last).map(({ set }) => readFileSync(join(last, 'sets', set), 'utf8').length);
    expect(sizes.filter((size) => size > 0).length / sizes.length).toBeGreaterThan(0.6);
  });

  it('notices a derived set that was changed', async () => {
    const changed = withoutOneLine(run.folders[2] ?? '', 'derived/accounted');
    expect(await disagreements(changed)).toEqual(['derived/accounted']);
  });

  it('notices a primary set that was changed', async () => {
    const changed = withoutOneLine(run.folders[1] ?? '', 'telemetry/silent');
    expect(await disagreements(changed)).toContain('derived/universe');
  });
});
