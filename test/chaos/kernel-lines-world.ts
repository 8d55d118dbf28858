/**
 * The node, the way and the aggregator of kernel-lines.test.ts: real processes, a kernel log that grows, a way that can be
 * cut, a disk that can be full. It does what a fault asks of it and keeps the books.
 */
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { SOCKET_PATH } from '@trivet/shared/protocol/messages.ts';
import { spawnAgent } from './agent-process.ts';
import type { AgentOptions, AgentProcess } from './agent-process.ts';
import { spawnAggregator } from './aggregator-process.ts';
import type { AggregatorProcess } from './aggregator-process.ts';
import { FaultyProxy } from './faulty-proxy.ts';
import type { SmallDisk } from './small-disk.ts';

export const NODE = 'gpu-1';
/** The shortest that the settings take, so that a dead way is noticed within a second. */
const SETTINGS = { beatIntervalSeconds: 0.2, reportIntervalSeconds: 1, passIntervalSeconds: 3600 };
/** The least that the settings take, so that a run can overflow it. */
const OUTBOX_MAX_BYTES = 1024 * 1024;
const DEADLINE_MS = 60_000;

/** Where kernel lines come from. */
export interface LineSource {
  readonly path: string;
  /** Lines that carry these numbers as `pid`, in this order. */
  write(numbers: readonly number[]): void;
}

export interface WorldOptions {
  readonly folder: string;
  readonly source: LineSource;
  readonly disks: readonly SmallDisk[];
  readonly random: () => number;
  readonly agent?: Partial<AgentOptions>;
}

export class World {
  readonly random: () => number;
  readonly disks: readonly SmallDisk[];
  readonly proxy = new FaultyProxy();
  /** Lines written so far. */
  lines = 0;
  /** How many events the damage that was done may have been counted for although they had arrived. */
  overcountMax = 0;
  /** Times that the disk refused, by the agents' own logs. */
  refusals = 0;
  readonly #options: WorldOptions;
  #agent: AgentProcess | null = null;
  #aggregator: AggregatorProcess | null = null;
  #port = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = options.random;
    this.disks = options.disks;
  }

  get stateDir(): string {
    return join(this.#options.folder, 'agent');
  }
  get agentPid(): number | null {
    return this.#agent?.pid ?? null;
  }
  get agentIsUp(): boolean {
    return this.#agent !== null;
  }

  async start(): Promise<void> {
    await this.startAggregator();
    await this.proxy.listening(this.#port);
    this.startAgent();
  }

  async startAggregator(): Promise<void> {
    this.#aggregator = await spawnAggregator(this.#options.folder, this.#port, SETTINGS);
    this.#port = Number(new URL(this.#aggregator.url).port);
  }

  async killAggregator(): Promise<void> {
    await this.#aggregator?.end('SIGKILL');
    this.#aggregator = null;
  }

  startAgent(): void {
    const { folder, source, agent } = this.#options;
    this.#agent = spawnAgent({
      node: NODE,
      stateDir: this.stateDir,
      kernelLog: source.path,
      aggregator: `ws://127.0.0.1:${this.proxy.port}${SOCKET_PATH}`,
      folder,
      flags: ['--outbox-max-bytes', String(OUTBOX_MAX_BYTES)],
      wrap: (command) => this.disks.reduce((wrapped, disk) => disk.started(wrapped), command),
      ...agent,
    });
  }

  async killAgent(): Promise<void> {
    await this.#agent?.end('SIGKILL');
    this.#noteRefusals();
    this.#agent = null;
  }

  /** In small portions, over about `ms`. */
  async write(count: number, ms: number): Promise<void> {
    const portions = Math.max(1, Math.min(count, Math.ceil(ms / 40)));
    for (let portion = 1; portion <= portions; portion++) {
      const upTo = Math.round((count * portion) / portions) - Math.round((count * (portion - 1)) / portions);
      this.#options.source.write(Array.from({ length: upTo }, (_value, index) => this.lines + index + 1));
      this.lines += upTo;
      await sleep(this.random() * 2 * (ms / portions));
    }
  }

  /** Since the last time; of the agent that runs. */
  #noteRefusals(): void {
    this.refusals += this.#agent?.said.filter((line) => line.includes('kept in memory')).length ?? 0;
  }

  /** The newest segment of the outbox, null before there is one. For a dead agent. */
  segment(): { readonly path: string; readonly bytes: Buffer } | null {
    const folder = join(this.stateDir, 'outbox');
    const names = readdirSync(folder).filter((name) => name.endsWith('.log'));
    const path = join(folder, names.sort().at(-1) ?? '');
    return names.length === 0 ? null : { path, bytes: readFileSync(path) };
  }

  append(path: string, bytes: Buffer | string): void {
    appendFileSync(path, bytes);
  }

  truncate(path: string, bytes: number): void {
    truncateSync(path, bytes);
  }

  /** A write into `progress` that was cut: it begins, as each does, in the slot that does not hold the newest. */
  tearProgress(): void {
    const path = join(this.stateDir, 'outbox', 'progress');
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
    const written = [0, 1].map((slot) => {
      const text = readFileSync(path).toString('latin1', slot * 4096, slot * 4096 + 200);
      return Number(/"written":(\d+)/.exec(text)?.[1] ?? 0);
    });
    const older = (written[0] ?? 0) < (written[1] ?? 0) ? 0 : 1;
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.alloc(Math.ceil(this.random() * 300), '#'), 0, undefined, older * 4096);
    closeSync(fd);
  }

  /** By the API: whether one of the newest events is the line of this number. */
  async hasArrived(number: number): Promise<boolean> {
    const response = await fetch(`${this.#aggregator?.url}/v1/nodes/${NODE}/events?limit=20`, {
      signal: AbortSignal.timeout(5000),
    });
    return (await response.text()).includes(JSON.stringify(lineText(number)));
  }

  /** What the store holds, once the aggregator has ended: numbers as they stand there, and the streams they came under. */
  stored(): { readonly numbers: readonly number[]; readonly streams: number } {
    const database = new DatabaseSync(join(this.#options.folder, 'state', 'trivet.db'));
    try {
      const rows = database.prepare(`SELECT body FROM events WHERE kind = 'kernel.xid' ORDER BY id`).all();
      const streams = database.prepare('SELECT count(DISTINCT agent_id || stream_id) AS streams FROM events').get();
      const bodies = rows.map((row): Record<string, unknown> => JSON.parse(String(row['body'])));
      // Lines of others may stand in a kernel log that is the machine's own.
      const ours = bodies.filter(({ process }) => process === RUN);
      return { numbers: ours.map(({ pid }) => Number(pid)), streams: Number(streams?.['streams']) };
    } finally {
      database.close();
    }
  }

  /** What the agent itself and, from its beats, the aggregator say. */
  async books(): Promise<{ readonly agent: string; readonly aggregator: unknown }> {
    const address = (await this.#agent?.address()) ?? '';
    const [metrics, node] = await Promise.all([
      fetch(`${address}/metrics`, { signal: AbortSignal.timeout(5000) }).then((response) => response.text()),
      fetch(`${this.#aggregator?.url}/v1/nodes/${NODE}`, { signal: AbortSignal.timeout(5000) }).then((response) =>
        response.json(),
      ),
    ]);
    return { agent: metrics, aggregator: node };
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!(await condition())) {
      if (Date.now() > deadline) {
        throw new Error(`waited ${DEADLINE_MS} ms for ${what}; the agent says:\n${this.#agent?.said.join('\n')}`);
      }
      await sleep(50);
    }
  }

  /** Both end as they should. */
  async end(): Promise<readonly (number | null | undefined)[]> {
    this.#noteRefusals();
    const agent = await this.#agent?.end('SIGTERM');
    return [agent, await this.#aggregator?.end('SIGTERM')];
  }

  /** Whatever happened before. */
  async clear(): Promise<void> {
    await this.#agent?.end('SIGKILL');
    await this.#aggregator?.end('SIGKILL');
    this.proxy.close();
    for (const disk of this.disks) disk.remove();
  }
}

/** The process name in the lines of this run; nobody else's can be taken for them. */
export const RUN = `chaos-${process.pid}-${Date.now().toString(36)}`;

export function lineText(number: number): string {
  return `NVRM: Xid (PCI:0000:1b:00): 31, pid=${number}, name=${RUN}, Ch 00000008`;
}
