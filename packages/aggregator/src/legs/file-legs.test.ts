/** Legs from files: what is wrong is named with its place, makes the leg incomplete, and never shortens a fleet in silence. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LegReader } from '../core/legs.ts';
import { healthyFleet, NOW, observationsOf } from '../testing/fleet.ts';
import { fileCluster } from './cluster/index.ts';
import { fileInventory } from './inventory/index.ts';
import { fileTelemetry } from './telemetry/file.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trivet-legs-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function observe<Row>(make: (path: string) => LegReader<Row>, text: string, name = 'leg.yaml') {
  const path = join(dir, name);
  await writeFile(path, text);
  return make(path).observe('test');
}

const fleet = healthyFleet(3);
const row = { node: 'a', lifecycle: 'in-service', protected: false, handsOff: null };

describe('rows from files', () => {
  it.each([
    ['inventory', fileInventory, fleet.inventory],
    ['telemetry', fileTelemetry, fleet.telemetry],
    ['cluster', fileCluster, fleet.cluster],
  ] as const)('%s: YAML and JSON, bare or wrapped, give the same rows', async (leg, make, rows) => {
    const texts = [
      stringify(rows),
      JSON.stringify(rows),
      stringify({ asOf: NOW, rows }),
      JSON.stringify({ asOf: NOW, rows }),
    ];
    for (const text of texts) {
      const observation = await observe<object>(make, text);
      expect(observation).toMatchObject({ leg, cluster: 'test', complete: true, errors: [] });
      expect(observation.rows).toEqual(rows);
    }
    expect((await observe<object>(make, texts[3] ?? '')).observedAt).toBe(NOW);
  });

  it('reads back the observation that a pass folder keeps', async () => {
    const text = JSON.stringify(observationsOf(fleet).telemetry);
    expect(await observe(fileTelemetry, text)).toEqual(observationsOf(fleet).telemetry);
  });

  it.each([
    ['lifecycle', { ...row, lifecycle: undefined }],
    ['protected', { ...row, protected: undefined }],
    ['handsOff', { ...row, handsOff: undefined }],
    ['protected', { ...row, protected: 'no' }],
    ['node', { ...row, node: 'GPU 7' }],
    ['lifecycle', { ...row, lifecycle: 'retired' }],
  ])('a row without a usable %s makes inventory incomplete, with its place', async (field, bad) => {
    const observation = await observe(
      fileInventory,
      stringify([row, { ...bad, node: bad.node === 'a' ? 'b' : bad.node }]),
    );
    expect(observation.complete).toBe(false);
    expect(observation.errors[0]?.message).toContain(`row 1: ${field}`);
    expect(observation.errors[0]?.where).toMatch(/leg\.yaml:\d+:\d+$/);
  });

  it('does not take a misspelt column for an empty one; the site’s own begin with x-', async () => {
    const misspelt = await observe(fileInventory, stringify([{ ...row, tickets: { id: 'T-1', by: 'dc' } }]));
    expect(misspelt.errors[0]?.message).toBe(
      'row 0: the row: has no column tickets: correct it, or begin its name with x-',
    );
    expect((await observe(fileInventory, stringify([{ ...row, 'x-owner': 'ann' }]))).complete).toBe(true);
  });

  it('a name twice fails inventory and cluster, not telemetry', async () => {
    const twice = <Row>(rows: readonly Row[]) => JSON.stringify([...rows, ...rows.slice(0, 1)]);
    expect((await observe(fileInventory, twice(fleet.inventory))).errors[0]?.code).toBe('inventory.doubled');
    expect((await observe(fileCluster, twice(fleet.cluster))).errors[0]?.code).toBe('cluster.doubled');
    expect((await observe(fileTelemetry, twice(fleet.telemetry))).complete).toBe(true);
  });

  it('says where a syntax error is, and that a file is missing', async () => {
    const broken = await observe(fileInventory, 'rows:\n  - node: a\n   protected: false\n');
    expect(broken).toMatchObject({ complete: false, rows: [] });
    expect(broken.errors[0]?.where).toMatch(/leg\.yaml:3/);
    const missing = await fileInventory(join(dir, 'nowhere.yaml')).observe('test');
    expect(missing.errors[0]).toMatchObject({ code: 'file.unreadable' });
  });

  it('is never complete for what it did not understand', async () => {
    const anything = fc.oneof(fc.json(), fc.string());
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        const { complete, rows } = await observe(fileInventory, text);
        expect(complete && rows.length > 0).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('bounds its errors', async () => {
    const { errors } = await observe(fileInventory, JSON.stringify(Array.from({ length: 500 }, () => ({}))));
    expect(errors).toHaveLength(51);
    expect(errors.at(-1)?.message).toBe('and 450 more errors of this kind');
  });
});
