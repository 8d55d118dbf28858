/**
 * The production bundle as an ordinary user with no right but CAP_SYSLOG, as deploy/systemd gives it: it reads the kernel
 * log, writes in its state folder alone, and reports. Without that right it says so, and the node is unknown.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verdict } from '@trivet/shared/health/verdict.ts';
import type { Report } from '@trivet/shared/model/report.ts';
import { SOCKET_PATH } from '@trivet/shared/protocol/messages.ts';
import { spawnAggregator } from '../chaos/aggregator-process.ts';
import type { AggregatorProcess } from '../chaos/aggregator-process.ts';
import { KMSG, whyNotWritable, writeKernel } from './kmsg.ts';
import { BUNDLE } from './tools.ts';

/** `nobody`: owns nothing, may do nothing. */
const UID = 65_534;
const CAP_SYSLOG = 34n;
const DEADLINE_MS = 60_000;
const isRestricted = readFileSync('/proc/sys/kernel/dmesg_restrict', 'utf8').trim() === '1';
const why = process.getuid?.() === 0 ? whyNotWritable() : 'not root: cannot become another user';
const rootIt = why === null ? it : it.skip;
const place = why === null ? '' : ` (${KMSG}: ${why})`;
const TOKEN = 'VGhlIHRva2VuIG9mIHRoaXMgdGVzdA';

/** Readable for everybody, as an installation is; a clone in root's home is not. */
let folder: string;
let aggregator: AggregatorProcess;
const agents: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trivet-unprivileged-'));
  chmodSync(folder, 0o755);
  cpSync(dirname(BUNDLE), join(folder, 'agent'), { recursive: true });
  cpSync(realpathSync(process.execPath), join(folder, 'node'));
  mkdirSync(join(folder, 'aggregator'));
  writeFileSync(join(folder, 'aggregator', 'token'), `${TOKEN}\n`, { mode: 0o600 });
  const settings = { tokenFile: 'token', beatIntervalSeconds: 0.2, passIntervalSeconds: 3600 };
  aggregator = await spawnAggregator(join(folder, 'aggregator'), 0, settings);
});
afterAll(async () => {
  for (const agent of agents) agent.kill('SIGKILL');
  await aggregator.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  readonly pid: number;
  readonly said: string[];
  readonly stateDir: string;
  readonly address: string;
}

/** `capabilities` as setpriv takes them. */
async function start(node: string, capabilities: string, flags: readonly string[] = []): Promise<Started> {
  const stateDir = join(folder, `state-${node}`);
  mkdirSync(stateDir, { mode: 0o700 });
  const token = join(folder, `token-${node}`);
  writeFileSync(token, `${TOKEN}\n`, { mode: 0o400 });
  for (const path of [stateDir, token]) chownSync(path, UID, UID);
  const user = [`--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', '--no-new-privs'];
  const rights = [`--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`, `--bounding-set=${capabilities}`];
  const url = `${aggregator.url.replace('http', 'ws')}${SOCKET_PATH}`;
  const settings = ['--node', node, '--state-dir', stateDir, '--aggregator-url', url, '--token-file', token];
  const command = [join(folder, 'node'), join(folder, 'agent', 'trivet-agent.mjs'), ...settings, ...flags];
  const child = spawn('setpriv', [...user, ...rights, ...command, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    cwd: '/',
  });
  agents.push(child);
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  let address = '';
  await until(`the agent to start: ${said.join('\n')}`, () => {
    address = said.map((line) => /"agent started".*"address":"([^"]+)"/.exec(line)?.[1]).find(Boolean) ?? '';
    return address !== '';
  });
  return { pid: child.pid ?? 0, said, stateDir, address };
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${DEADLINE_MS} ms for ${what}`);
    await sleep(50);
  }
}

async function reportOf({ address }: Started): Promise<Report> {
  let report: Report | null = null;
  await until('a report', async () => {
    const response = await fetch(`${address}/v1/report`);
    report = response.ok ? JSON.parse(await response.text()) : null;
    return report !== null;
  });
  if (report === null) throw new Error('no report');
  return report;
}

async function nodeOf(name: string): Promise<Record<string, unknown>> {
  let found: Record<string, unknown> = {};
  await until(`${name} in the aggregator`, async () => {
    const response = await fetch(`${aggregator.url}/v1/nodes/${name}`);
    found = response.ok ? JSON.parse(await response.text()) : {};
    return 'summary' in found && found['summary'] !== null;
  });
  return found;
}

function kernelLogOf({ collectors }: Report) {
  return collectors.find(({ name }) => name === 'kernel-log');
}

rootIt(`as nobody with CAP_SYSLOG alone it reads the kernel log and reports${place}`, async () => {
  const agent = await start('gpu-syslog', '-all,+syslog');
  const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
  expect(status).toMatch(new RegExp(`^Uid:\\s+${UID}\\s+${UID}\\s+${UID}\\s+${UID}$`, 'm'));
  expect(status).toMatch(/^Groups:\s*$/m);
  expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
  for (const set of ['CapEff', 'CapPrm', 'CapAmb', 'CapBnd']) {
    expect(BigInt(`0x${new RegExp(`^${set}:\\s+(\\w+)$`, 'm').exec(status)?.[1]}`), set).toBe(1n << CAP_SYSLOG);
  }
  const report = await reportOf(agent);
  expect(kernelLogOf(report)).toMatchObject({ state: 'ok', required: true });
  const forged = async () => Number(/^trivet_kernel_log_forged_total (\d+)$/m.exec(await metricsOf(agent))?.[1]);
  const before = await forged();
  writeKernel('trivet: a line for an agent without rights');
  await until('the line', async () => (await forged()) > before);
  expect(await nodeOf('gpu-syslog')).toMatchObject({ agent: { connected: true } });
  expect(readdirSync(agent.stateDir).sort()).toEqual(['lock', 'outbox', 'state.json']);
  for (const name of ['state.json', 'outbox/identity.json']) {
    expect(statSync(join(agent.stateDir, name)), name).toMatchObject({ uid: UID, mode: 0o100600 });
  }
});

function metricsOf({ address }: Started): Promise<string> {
  return fetch(`${address}/metrics`).then((response) => response.text());
}

rootIt(`its token stands in no argument, no variable and no line of its log${place}`, async () => {
  const agent = await start('gpu-token', '-all,+syslog', ['--log-level', 'debug']);
  await nodeOf('gpu-token');
  for (const name of ['cmdline', 'environ'])
    expect(readFileSync(`/proc/${agent.pid}/${name}`, 'utf8')).not.toContain(TOKEN);
  expect(agent.said.join('\n')).not.toContain(TOKEN);
  expect(agent.said.join('\n')).not.toContain('token file may be read by others');
  expect(await metricsOf(agent)).not.toContain(TOKEN);
});

const restrictedIt = isRestricted ? rootIt : it.skip;
const restricted = isRestricted ? place : ' (kernel.dmesg_restrict is 0 here: everybody may read it)';
restrictedIt(`as nobody without CAP_SYSLOG it says so, and the node is unknown${restricted}`, async () => {
  const agent = await start('gpu-none', '-all');
  const report = await reportOf(agent);
  expect(kernelLogOf(report)).toMatchObject({ state: 'unknown', required: true });
  expect(kernelLogOf(report)?.reason).toMatch(/may not be read: .*CAP_SYSLOG/);
  expect(verdict(report.findings, report.collectors)).toBe('unknown');
  expect(await nodeOf('gpu-none')).toMatchObject({ summary: { verdict: 'unknown' } });
});
