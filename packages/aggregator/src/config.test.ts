import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from './config.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trivet-config-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(dir, 'aggregator.yaml');
  writeFileSync(path, text);
  return path;
}
const MINIMAL = 'inventory: inventory.yaml\nclusterFile: cluster.yaml\n';

describe('settings', () => {
  it('have defaults that bind to this machine only', () => {
    const settings = loadSettings(file(MINIMAL), {}, { XDG_STATE_HOME: '/state' });
    expect(settings).toMatchObject({
      inventory: join(dir, 'inventory.yaml'),
      clusterFile: join(dir, 'cluster.yaml'),
      policy: null,
      aggregator: {
        dir: '/state/trivet',
        listen: { host: '127.0.0.1', port: 8080 },
        passIntervalMs: 60_000,
        intervals: { reportMs: 60_000, beatMs: 10_000 },
        token: null,
      },
    });
  });

  it('come from the file, then the environment, then flags; paths from where they were written', () => {
    const path = file(`${MINIMAL}dir: here\ncluster: file\nlisten: "[::1]:1"\n`);
    const settings = loadSettings(
      path,
      { listen: '0.0.0.0:3', inventory: 'flag.yaml' },
      { TRIVET_LISTEN: ':2', TRIVET_CLUSTER: 'env' },
    );
    expect(settings.aggregator).toMatchObject({
      dir: join(dir, 'here'),
      cluster: 'env',
      listen: { host: '0.0.0.0', port: 3 },
    });
    expect(settings.inventory).toBe(resolve('flag.yaml'));
    expect(loadSettings(path, {}, {}).aggregator.listen).toEqual({ host: '::1', port: 1 });
  });

  it('need no file', () => {
    const settings = loadSettings(null, { inventory: 'i.json', clusterFile: 'c.json' }, { HOME: '/home/x' });
    expect(settings.inventory).toBe(resolve('i.json'));
  });

  const wrong: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    [
      'a missing key',
      'clusterFile: c.yaml\n',
      /inventory: is missing: set it in the file, or give --inventory or TRIVET_INVENTORY/,
    ],
    ['a wrong value', `${MINIMAL}listen: nowhere\n`, /aggregator\.yaml:3: listen: is not HOST:PORT/],
    ['a nested value', `${MINIMAL}retention:\n  eventDays: soon\n`, /aggregator\.yaml:4: retention\.eventDays: /],
    ['an unknown key', `${MINIMAL}retenion: {}\n`, /retenion/],
    [
      'a cluster name that leaves the folder',
      `${MINIMAL}cluster: ../x\n`,
      /aggregator\.yaml:3: cluster: is not a cluster name/,
    ],
    ['no mapping', '- a\n- b\n', /aggregator\.yaml:1: is not a list of settings/],
    ['broken YAML', 'inventory: [\n', /aggregator\.yaml: .*line/s],
  ];
  for (const [name, text, message] of wrong) {
    it(`say what is wrong and where: ${name}`, () => {
      expect(() => loadSettings(file(text), {}, {})).toThrow(message);
    });
  }

  it('read the token from its file, and refuse a short or a missing one', () => {
    writeFileSync(join(dir, 'token'), 'sixteen-characters-at-least\n');
    const path = file(`${MINIMAL}tokenFile: token\n`);
    expect(loadSettings(path, {}, {}).aggregator.token).toBe('sixteen-characters-at-least');
    writeFileSync(join(dir, 'token'), 'short');
    expect(() => loadSettings(path, {}, {})).toThrow(/at least 16 characters/);
    rmSync(join(dir, 'token'));
    expect(() => loadSettings(path, {}, {})).toThrow(/cannot read the token file/);
  });

  it('read the token of the API, and refuse that of the agents in its place', () => {
    writeFileSync(join(dir, 'token'), 'sixteen-characters-at-least\n');
    writeFileSync(join(dir, 'api-token'), 'another-one-of-some-length\n');
    const both = `${MINIMAL}tokenFile: token\napiTokenFile: api-token\n`;
    expect(loadSettings(file(both), {}, {}).aggregator.apiToken).toBe('another-one-of-some-length');
    expect(loadSettings(file(MINIMAL), {}, {}).aggregator.apiToken).toBeNull();
    writeFileSync(join(dir, 'api-token'), 'sixteen-characters-at-least');
    expect(() => loadSettings(file(both), {}, {})).toThrow(/api-token: apiTokenFile holds the token of the agents/);
  });

  it('refuse a file that is not there', () => {
    expect(() => loadSettings(join(dir, 'no.yaml'), {}, {})).toThrow(/cannot read the settings file/);
  });
});
