/** Site checks on real agents, several in this process, asked by a real aggregator over real sockets. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAgent, type RunningAgent } from '@trivet/agent/agent.ts';
import { loadConfig } from '@trivet/agent/config.ts';
import { createLog } from '@trivet/agent/log.ts';
import { until, withAggregator, type Harness } from './aggregator-harness.ts';

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');
const FINE = `echo '{"state":"ok","text":"fine"}'`;

let dir: string;
let checks: string;
let agents: Map<string, RunningAgent>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trivet-site-'));
  chmodSync(dir, 0o755);
  checks = join(dir, 'checks');
  for (const name of ['checks', 'running']) mkdirSync(join(dir, name), { mode: 0o755 });
  writeFileSync(join(dir, 'kernel.log'), '');
  agents = new Map();
});
afterEach(async () => {
  for (const agent of agents.values()) await agent.stop();
  rmSync(dir, { recursive: true, force: true });
});

function script(name: string, body: string): void {
  writeFileSync(join(checks, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}
async function start(
  { aggregator }: Harness,
  node: string,
  settings: Record<string, string | undefined> = {},
): Promise<void> {
  const flags = {
    node,
    stateDir: join(dir, node),
    aggregatorUrl: aggregator.url.replace('http', 'ws'),
    listen: '127.0.0.1:0',
    kernelLog: join(dir, 'kernel.log'),
    pollMs: '200',
    siteChecksDir: checks,
    siteCheckMs: '3600000',
    ...settings,
  };
  const log = createLog({ level: 'error', now: Date.now, write: () => undefined });
  agents.set(
    node,
    await startAgent(await loadConfig(null, flags, {}), { log, chassisSerial: () => Promise.resolve(null) }),
  );
}
async function connected(harness: Harness, ...nodes: string[]): Promise<void> {
  for (const node of nodes) await start(harness, node);
  await until(async () => (await harness.metric('trivet_agents_connected')) === nodes.length, 'all agents');
}
async function trivet({ aggregator }: Harness, ...args: readonly string[]) {
  const command = [MAIN, 'run', ...args, '--server', aggregator.url, '--json'];
  const { exitCode, stdout } = await execa(process.execPath, command, { reject: false, timeout: 50_000 });
  const { results } = JSON.parse(stdout) as { results: { node: string; state: string; text: string }[] };
  return { exitCode, told: Object.fromEntries(results.map(({ node, state, text }) => [node, `${state}: ${text}`])) };
}
async function findingsOf({ json }: Harness, node: string): Promise<string[]> {
  const { body } = (await json(`/v1/nodes/${node}`)) as { body: { telemetry?: { findings: { code: string }[] } } };
  return (body.telemetry?.findings ?? []).map(({ code }) => code);
}

describe('a site check, asked of many nodes', () => {
  it('runs on each, on no more at once than wanted', async () => {
    // Each run counts those under way, itself included, and waits until the test has seen as many as there may be.
    script(
      'count',
      `touch '${dir}/running'/$TRIVET_NODE; ls '${dir}/running' | wc -l >> '${dir}/seen'
i=0; while [ ! -e '${dir}/go' ] && [ $i -lt 400 ]; do sleep 0.05; i=$((i+1)); done
ls '${dir}/running' | wc -l >> '${dir}/seen'; rm '${dir}/running'/$TRIVET_NODE; ${FINE}`,
    );
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
    await withAggregator({}, async (harness) => {
      // The agents' own first round runs it, too: let it pass before anything is counted.
      writeFileSync(join(dir, 'go'), '');
      await connected(harness, ...nodes);
      for (const node of nodes) await until(() => hasRun(node), `the first round of ${node}`);
      rmSync(join(dir, 'go'));
      rmSync(join(dir, 'seen'));
      const asked = trivet(harness, 'count', '--nodes', nodes.join(','), '--concurrency', '2');
      await until(() => readdirSync(join(dir, 'running')).length === 2, 'two to run');
      expect(await harness.metric('trivet_asks_pending')).toBe(2);
      writeFileSync(join(dir, 'go'), '');
      expect(await asked).toEqual({ exitCode: 0, told: Object.fromEntries(nodes.map((node) => [node, 'ok: fine'])) });
      const seen = readFileSync(join(dir, 'seen'), 'utf8').trim().split('\n').map(Number);
      expect(seen).toHaveLength(2 * nodes.length);
      expect(Math.max(...seen)).toBe(2);
    });
  });

  it('is unknown where the node is slow or goes away, and told all the same for the others', async () => {
    script(
      'disk',
      `case $TRIVET_NODE in slow) exec sleep 600;; leaves) touch '${dir}/begun'; exec sleep 600;; bad) echo '{"state":"fault","text":"full"}';; *) ${FINE};; esac`,
    );
    await withAggregator({}, async (harness) => {
      for (const node of ['good', 'bad', 'slow', 'leaves']) await start(harness, node, { siteCheckTimeoutMs: '60000' });
      await until(async () => (await harness.metric('trivet_agents_connected')) === 4, 'all agents');
      rmSync(join(dir, 'begun'), { force: true });
      const asked = trivet(harness, 'disk', '--nodes', 'good,bad,slow,leaves,absent', '--timeout', '4');
      await until(async () => (await harness.metric('trivet_asks_total{outcome="ok"}')) === 1, 'the first answer');
      await agents.get('leaves')?.stop();
      expect(await asked).toEqual({
        exitCode: 1,
        told: {
          good: 'ok: fine',
          bad: 'failed: fault (watch): full',
          slow: 'unknown: no answer within 4 s',
          leaves: expect.stringMatching(/^unknown: /),
          absent: 'unknown: its agent is not connected',
        },
      });
    });
  });

  it('runs nothing under a name that the node does not have', async () => {
    script('disk', FINE);
    await withAggregator({}, async (harness) => {
      await connected(harness, 'n1');
      expect(await trivet(harness, 'dis', '--all')).toEqual({
        exitCode: 1,
        told: { n1: 'failed: dis is not configured on this node; it has: report, disk' },
      });
      expect(await trivet(harness, 'report', '--all')).toMatchObject({ exitCode: 0 });
    });
  });
});

describe('the fault that a site check tells', () => {
  it('is a finding until the check says otherwise, or is gone, or none are configured', async () => {
    const fault = `echo '{"state":"fault","text":"fan 2 stands","class":"replace"}'`;
    await withAggregator({ config: { intervals: { reportMs: 200, beatMs: 1000 } } }, async (harness) => {
      const shows = (...codes: string[]) =>
        until(async () => JSON.stringify(await findingsOf(harness, 'n1')) === JSON.stringify(codes), `${codes.join()}`);
      script('disk', FINE);
      script('fans', fault);
      await start(harness, 'n1');
      await shows('site.replace.fans');
      script('fans', FINE);
      await trivet(harness, 'fans', '--all');
      await shows();
      script('fans', fault);
      await trivet(harness, 'fans', '--all');
      await shows('site.replace.fans');
      // What it cannot tell changes nothing, also over a restart.
      script('fans', 'exit 1');
      await agents.get('n1')?.stop();
      await start(harness, 'n1', { siteChecksRequired: 'yes' });
      const verdictIs = async (verdict: string) =>
        JSON.stringify((await harness.json('/v1/nodes/n1')).body).includes(`"verdict":"${verdict}"`);
      await until(() => hasReason('n1', 'ended with status 1'), 'the reason');
      await shows('site.replace.fans');
      expect(await verdictIs('unhealthy')).toBe(true);
      rmSync(join(checks, 'fans'));
      await agents.get('n1')?.stop();
      await start(harness, 'n1');
      await shows();
      script('fans', fault);
      await trivet(harness, 'fans', '--all');
      await shows('site.replace.fans');
      await agents.get('n1')?.stop();
      await start(harness, 'n1', { siteChecksDir: undefined });
      expect(existsSync(join(checks, 'fans'))).toBe(true);
      await shows();
    });
  });
});

async function hasRun(node: string): Promise<boolean> {
  const text = await (await fetch(`${agents.get(node)?.address}/metrics`)).text();
  return /trivet_site_check_last_success_timestamp_seconds\{/.test(text);
}
async function hasReason(node: string, reason: string): Promise<boolean> {
  return (await (await fetch(`${agents.get(node)?.address}/readyz`)).text()).includes(reason);
}
