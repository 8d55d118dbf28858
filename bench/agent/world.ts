/**
 * The node that the bench makes: a fake nvidia-smi that costs nothing itself (a shell that prints a file), a kernel log file, and
 * the aggregator that agents push to. All in one temporary folder.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fakeRun } from '@trivet/simulator/fake-nvidia-smi.ts';
import { benchDocument, benchWorld, nvlinkText } from './document.ts';
import type { Variant } from './options.ts';
import { start } from './process.ts';
import type { Started } from './process.ts';

export interface Agent extends Started {
  readonly label: string;
  readonly node: string;
  /** Local HTTP. */
  readonly address: string;
  readonly kernelLog: string;
}

export interface AgentPlan {
  readonly variant: Variant;
  readonly node: string;
  readonly pollMs: number;
  readonly aggregatorUrl: string;
}

const ROOT = join(import.meta.dirname, '..', '..');
/** Rows of a healthy kernel between two lines of a driver's. */
const ORDINARY_LINE = 'kernel: IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready\n';
const ORDINARY_LINE_MS = 5000;

export class World {
  readonly dir = mkdtempSync(join(tmpdir(), 'trivet-bench-agent-'));
  readonly nvidiaSmi = join(this.dir, 'nvidia-smi');
  readonly #started: Started[] = [];
  readonly #logs = new Set<string>();
  readonly #lines: NodeJS.Timeout;

  constructor() {
    // Also when the bench is interrupted; whatever runs here is ended at the same time.
    process.once('exit', () => rmSync(this.dir, { recursive: true, force: true }));
    this.#writeNvidiaSmi();
    this.#lines = setInterval(() => {
      for (const log of this.#logs) appendFileSync(log, ORDINARY_LINE);
    }, ORDINARY_LINE_MS);
  }

  /** `reportSeconds` is what it tells its agents: an agent polls at least as often as it reports. */
  async aggregator(reportSeconds: number): Promise<string> {
    const dir = join(this.dir, `aggregator-${this.#started.length}`);
    mkdirSync(dir);
    for (const leg of ['inventory', 'cluster']) writeFileSync(join(dir, `${leg}.yaml`), 'rows: []\n');
    const settings = { dir: 'state', listen: '127.0.0.1:0', inventory: 'inventory.yaml', clusterFile: 'cluster.yaml' };
    // JSON is YAML.
    const file = join(dir, 'aggregator.yaml');
    writeFileSync(file, JSON.stringify({ ...settings, reportIntervalSeconds: reportSeconds }));
    const main = join(ROOT, 'dist/aggregator/trivet-aggregator.mjs');
    const started = await start([main, '--config', file], /"aggregator\.listening".*"url":"(http:[^"]+)"/);
    this.#started.push(started);
    return started.found;
  }

  /** Running, and its first round over all collectors ended. */
  async agent({ variant, node, pollMs, aggregatorUrl }: AgentPlan): Promise<Agent> {
    const stateDir = join(this.dir, node);
    const kernelLog = join(this.dir, `${node}.log`);
    appendFileSync(kernelLog, ORDINARY_LINE);
    const settings = {
      node,
      'state-dir': stateDir,
      'aggregator-url': aggregatorUrl,
      listen: '127.0.0.1:0',
      'nvidia-smi': this.nvidiaSmi,
      'kernel-log': kernelLog,
      'poll-ms': String(pollMs),
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const begunMs = performance.now();
    const started = await start([...variant.args, ...flags], /"agent started".*"address":"(http:[^"]+)"/);
    this.#started.push(started);
    this.#logs.add(kernelLog);
    await ready(started.found);
    const readyMs = performance.now() - begunMs;
    return { ...started, label: variant.label, node, address: started.found, kernelLog, readyMs };
  }

  /** Node that does nothing: what any agent written for it must cost. */
  async bare(): Promise<Started> {
    const started = await start(['-e', 'console.error("ready"); setInterval(() => {}, 10_000)'], /(ready)/);
    this.#started.push(started);
    return started;
  }

  async close(): Promise<void> {
    clearInterval(this.#lines);
    // Agents first: their goodbye goes to an aggregator.
    for (const started of this.#started.toReversed()) await started.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  #writeNvidiaSmi(): void {
    const world = benchWorld();
    const answers = [
      ['-q -x', benchDocument(world)],
      ['-L', fakeRun(world, ['-L']).text],
      ['nvlink -s', nvlinkText(world, [`26.562 GB/s`])],
      ['nvlink -e', nvlinkText(world, ['Replay Errors: 0', 'Recovery Errors: 0', 'CRC Errors: 0'])],
    ] as const;
    const cases = answers.map(([args, text], index) => {
      const file = join(this.dir, `answer-${index}`);
      writeFileSync(file, text);
      return `"${args}") exec cat '${file}' ;;`;
    });
    const script = ['#!/bin/sh', 'case "$*" in', ...cases, '*) echo "Invalid arguments: $*"; exit 2 ;;', 'esac', ''];
    writeFileSync(this.nvidiaSmi, script.join('\n'), { mode: 0o755 });
  }
}

const READY_DEADLINE_MS = 60_000;

async function ready(address: string): Promise<void> {
  const deadlineMs = performance.now() + READY_DEADLINE_MS;
  while (performance.now() < deadlineMs) {
    if ((await fetch(`${address}/readyz`)).ok) return;
    await sleep(5);
  }
  throw new Error(`${address}: not ready within ${READY_DEADLINE_MS / 1000} s`);
}
