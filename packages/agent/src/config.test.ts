import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, settingsHelp, withYes } from './config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trivet-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'agent.yaml');
  writeFileSync(path, text);
  return path;
}
const NODE = { node: 'gpu-1' };

describe('loadConfig', () => {
  it('needs nothing but a name', async () => {
    const config = await loadConfig(null, NODE, { XDG_STATE_HOME: '/state' });
    expect(config).toMatchObject({
      node: 'gpu-1',
      stateDir: '/state/trivet/agent',
      aggregatorUrl: null,
      listen: { host: '127.0.0.1', port: 9110 },
      nvidiaSmi: null,
      amdSmi: null,
      rocmSmi: null,
      kernelLog: '/dev/kmsg',
      pollMs: 10_000,
      reportMs: 60_000,
    });
  });

  it('takes flags over environment over file, and paths from where they stand', async () => {
    const path = file(
      'node: from-file\nstateDir: state\npollMs: 5000\nlisten: "[::1]:0"\naggregatorUrl: ws://a:8080\n',
    );
    const config = await loadConfig(path, { pollMs: '7000' }, { TRIVET_NODE: 'from-env', TRIVET_POLL_MS: '6000' });
    expect(config).toMatchObject({
      node: 'from-env',
      pollMs: 7000,
      stateDir: join(folder, 'state'),
      listen: { host: '::1', port: 0 },
      aggregatorUrl: 'ws://a:8080/v1/agents/socket',
    });
  });

  it('takes yes and no as they are written', async () => {
    for (const [text, expected] of [
      ['yes', true],
      ['true', true],
      ['no', false],
      ['"no"', false],
    ] as const)
      expect((await loadConfig(file(`siteChecksRequired: ${text}`), NODE, {})).siteChecksRequired).toBe(expected);
    expect((await loadConfig(null, { ...NODE, siteChecksRequired: 'yes' }, {})).siteChecksRequired).toBe(true);
  });

  it('takes a flag of a yes-or-no setting alone for yes', async () => {
    expect(withYes(['--dcgm-names', '--node', 'a'])).toEqual(['--dcgm-names', 'yes', '--node', 'a']);
    expect(withYes(['--node', 'a', '--dcgm-names'])).toEqual(['--node', 'a', '--dcgm-names', 'yes']);
    expect(withYes(['--dcgm-names', 'no', '--dcgm-names=no'])).toEqual(['--dcgm-names', 'no', '--dcgm-names=no']);
    expect((await loadConfig(null, { ...NODE, dcgmNames: 'yes' }, {})).dcgmNames).toBe(true);
  });

  it('takes an empty file', async () => {
    expect((await loadConfig(file(''), NODE, {})).node).toBe('gpu-1');
  });

  it.each([
    ['node: GPU_1', /agent\.yaml:1: node: is not a node name: RFC 1123/],
    ['node: a\nlisten: 9110', /agent\.yaml:2: listen: is not HOST:PORT, for example/],
    ['node: a\nlisten: "x:99999"', /:2: listen/],
    ['node: a\npollMs: 1', /:2: pollMs: is not a whole number from 100/],
    ['node: a\npollMs: soon', /:2: pollMs/],
    ['node: a\naggregatorUrl: ftp://a', /:2: aggregatorUrl: is not an address: write ws:/],
    ['node: a\naggregatorUrl: ws://me:secret@a', /:2: aggregatorUrl: has a password in it: use tokenFile/],
    ['node: a\nsiteChecksRequired: perhaps', /:2: siteChecksRequired: is neither yes nor no/],
    ['node: a\nsiteCheckTimeoutMs: 400000', /:2: siteCheckTimeoutMs: is not a whole number from 100 to 300000/],
    ['node: a\nlogLevel: loud', /:2: logLevel: is not one of debug/],
    ['node: a\nstatedir: /x', /:2: statedir is no setting: use one of .*stateDir/],
    ['node: a\n__proto__: 1', /__proto__ is no setting/],
    ['node: A\npollMs: soon\nx: 1', /:3: x is no setting[^]*:1: node: is not[^]*:2: pollMs: is not/],
    ['- a', /agent\.yaml:1: is not a list of settings/],
    ['a: [', /agent\.yaml/],
  ])('says what is wrong, where, and how to mend it: %j', async (text, message) => {
    const path = file(text);
    await expect(loadConfig(path, {}, {})).rejects.toThrow(message);
    await expect(loadConfig(path, {}, {})).rejects.toMatchObject({ code: 'config' });
  });

  it('names the flag or the variable', async () => {
    await expect(loadConfig(null, { ...NODE, pollMs: 'x' }, {})).rejects.toThrow(/--poll-ms: is not a whole number/);
    await expect(loadConfig(null, NODE, { TRIVET_LISTEN: 'x' })).rejects.toThrow(/TRIVET_LISTEN: is not HOST:PORT/);
    await expect(loadConfig(join(folder, 'none.yaml'), NODE, {})).rejects.toThrow(/none\.yaml: cannot be read/);
  });

  it('lists every setting', () => {
    expect(settingsHelp()).toMatch(/--aggregator-url +TRIVET_AGGREGATOR_URL/);
  });
});
