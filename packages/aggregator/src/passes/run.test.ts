/** A pass on disk: the whole folder, what a reader gets back, and what is left when it is cut short. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Observation } from '@trivet/shared/model/observation.ts';
import type { LegReaders } from '../core/legs.ts';
import { printSet } from '../core/node-set.ts';
import { DERIVED_SETS, OUTCOME_SETS, SET_NAMES } from '../core/recipes.ts';
import { DEFAULT_POLICY } from '../core/policy.ts';
import { EMPTY_STATE, type PassState } from '../core/state.ts';
import {
  breakNode,
  changeInventory,
  cordonByOthers,
  healthyFleet,
  nodeName,
  observationsOf,
  type Fleet,
} from '../testing/fleet.ts';
import { writeWhole } from './folder.ts';
import { explainNode, listPasses, readPass, readSet, runPass, type PassRequest } from './index.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trivet-passes-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function legsOf(fleet: Fleet): LegReaders {
  const observations = observationsOf(fleet);
  const fixed = <Row>(observation: Observation<Row>) => ({ name: 'test', observe: () => Promise.resolve(observation) });
  return {
    inventory: fixed(observations.inventory),
    telemetry: fixed(observations.telemetry),
    cluster: fixed(observations.cluster),
  };
}

function request(fleet: Fleet, state: PassState = EMPTY_STATE): PassRequest {
  const now = () => new Date('2026-11-20T17:00:00.000Z');
  return {
    cluster: 'test',
    mode: 'observe',
    legs: legsOf(fleet),
    policy: DEFAULT_POLICY,
    state,
    dir,
    now,
    ownHosts: [],
  };
}

function spoiledFleet(): Fleet {
  const fleet = healthyFleet(64);
  [3, 12, 20, 30, 40].forEach((index) => breakNode(fleet, nodeName(index)));
  changeInventory(fleet, nodeName(12), { protected: true });
  cordonByOthers(fleet, nodeName(5));
  return fleet;
}

const DECISION_FILES = 'nodes.tsv pass.json plan.json recipes.txt refusals.tsv summary.txt transcript.jsonl'.split(' ');

describe('the pass folder', () => {
  it('holds everything, and nothing temporary', async () => {
    const { folder } = await runPass(request(spoiledFleet()));
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const names = files
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    expect(names.sort()).toEqual(
      [
        ...['inventory.json', 'telemetry.json', 'cluster.json', 'state.json', 'policy.yaml'].map(
          (name) => `observations/${name}`,
        ),
        ...SET_NAMES.map((name) => `sets/${name}`),
        ...DECISION_FILES,
      ].sort(),
    );
  });

  it('is reproduced by coreutils, set by set', async () => {
    const { folder } = await runPass(request(spoiledFleet()));
    const recipes = (await readFile(join(folder, 'recipes.txt'), 'utf8')).trimEnd().split('\n');
    expect(recipes).toHaveLength(DERIVED_SETS.length + OUTCOME_SETS.length);
    for (const recipe of recipes) {
      const [name = '', , line = ''] = recipe.split('\t');
      const made = execFileSync('bash', ['-c', line], { cwd: folder, encoding: 'utf8' });
      expect(made, name).toBe(await readFile(join(folder, 'sets', name), 'utf8'));
    }
  });

  it('comes back as it was written', async () => {
    const outcome = await runPass(request(spoiledFleet()));
    const detail = await readPass(dir, 'test', 'latest');
    expect(detail?.head).toMatchObject({ id: outcome.id, outcome: 'planned', planned: outcome.planned, suspects: 5 });
    expect(detail?.sets).toEqual(outcome.setSizes);
    expect(detail?.plan.steps).toHaveLength(outcome.planned);
    expect(detail?.refusals.find(({ code }) => code === 'budget')).toMatchObject({ limit: 3, current: 3, needed: 1 });
    expect(await readSet(dir, 'test', outcome.id, 'derived/suspect')).toEqual([3, 12, 20, 30, 40].map(nodeName));
    expect(detail?.summary).toContain('2 node(s) may be drained now');
  });

  it('answers why, for a node of each kind', async () => {
    const { folder } = await runPass(request(spoiledFleet()));
    const answer = async (index: number) => (await explainNode(folder, nodeName(index)))?.answer;
    const planned = (await readFile(join(folder, 'sets/plan/drain'), 'utf8')).split('\n')[0] ?? '';
    expect((await explainNode(folder, planned))?.answer).toContain('may be drained now, step');
    expect(await answer(12)).toContain('protected by inventory');
    expect(await answer(5)).toBe('out of service already: cordoned-by-others (ann)');
    expect(await answer(6)).toContain('not a suspect: verdict healthy');
    expect(await explainNode(folder, 'nobody')).toBeNull();
  });

  it('links latest and previous, and lists newest first', async () => {
    const first = await runPass(request(healthyFleet(8)));
    const second = await runPass(request(healthyFleet(8), first.state));
    expect(second.id > first.id).toBe(true);
    expect(await readlink(join(dir, 'test/latest'))).toBe(second.id);
    expect(await readlink(join(dir, 'test/previous'))).toBe(first.id);
    expect((await listPasses(dir, 'test')).map(({ id }) => id)).toEqual([second.id, first.id]);
  });

  it('tells what changed since the pass before', async () => {
    const fleet = healthyFleet(64);
    const { state } = await runPass(request(fleet));
    breakNode(fleet, nodeName(3));
    const { summary } = await runPass(request(fleet, state));
    expect(summary).toMatch(/unhealthy +1 {2}\(\+1\)/);
  });

  it('gives no path but its own', async () => {
    await runPass(request(healthyFleet(8)));
    expect(await readPass(dir, '../test', 'latest')).toBeNull();
    expect(await readPass(dir, 'test', '../../etc')).toBeNull();
    expect(await readSet(dir, 'test', 'latest', '../pass.json')).toBeNull();
    await expect(runPass({ ...request(healthyFleet(1)), cluster: '../escape' })).rejects.toThrow('DNS name');
  });

  it('is not taken for a finished pass when it was cut short', async () => {
    const { folder } = await runPass(request(healthyFleet(8)));
    await rm(join(folder, 'refusals.tsv'));
    expect(await readPass(dir, 'test', 'latest')).toBeNull();
  });

  it('is not taken for a finished pass when its last word is missing, and is listed as running', async () => {
    const { folder } = await runPass(request(healthyFleet(8)));
    const path = join(folder, 'pass.json');
    const pass = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...pass, finishedAt: null, outcome: 'running' }));
    expect(await readPass(dir, 'test', 'latest')).toBeNull();
    expect(await listPasses(dir, 'test')).toMatchObject([{ outcome: 'running', finishedAt: null }]);
  });

  it('does not hide the others when one was edited', async () => {
    const first = await runPass(request(healthyFleet(8)));
    const second = await runPass(request(healthyFleet(8), first.state));
    await writeFile(join(first.folder, 'pass.json'), '{');
    expect((await listPasses(dir, 'test')).map(({ id }) => id)).toEqual([second.id]);
  });

  it('is written into files of its own, not through links', async () => {
    const victim = join(dir, 'victim');
    await writeFile(victim, 'precious');
    await symlink(victim, join(dir, `.${process.pid}.file`));
    await writeWhole(join(dir, 'file'), 'text');
    expect(await readFile(victim, 'utf8')).toBe('precious');
    expect(await readFile(join(dir, 'file'), 'utf8')).toBe('text');
  });

  it('has the same bytes in its sets twice', async () => {
    const first = await runPass(request(spoiledFleet()));
    const second = await runPass({ ...request(spoiledFleet()), dir: join(dir, 'again') });
    for (const name of SET_NAMES) {
      const read = (folder: string) => readFile(join(folder, 'sets', name), 'utf8');
      expect(await read(first.folder), name).toBe(await read(second.folder));
    }
    expect(printSet(['a'])).toBe('a\n');
  });
});
