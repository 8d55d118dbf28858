/**
 * The node, the way and the aggregator of kernel-lines.test.ts: real processes, a kernel log that grows, a way that can be
 * cut, a disk that can be full. It does what a fault asks of it and keeps the books.
 */
import { randomUUID } from 'node:crypto';
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
import { metric, spawnAgent } from './agent-process.ts';
import type { AgentOptions, AgentProcess } from './agent-process.ts';
import { spawnAggregator } from './aggregator-process.ts';
import type { AggregatorProcess } from './aggregator-process.ts';
import { FaultyProxy } from './faulty-proxy.ts';
import type { SmallDisk } from './small-disk.ts';

export const NODE = 'gpu-1';
/** Beats as short as they may be, so that a dead way is noticed within a second; reports so seldom that a batch is of events. */
const SETTINGS = { beatIntervalSeconds: 0.2, reportIntervalSeconds: 30, passIntervalSeconds: 3600 };
/** Small, so that a run can overflow it; a machine's kernel log full of older lines fits. */
const OUTBOX_MAX_BYTES = 1024 * 1024;
const DEADLINE_MS = 60_000;
const FETCH_MS = 5000;
/** Events that are looked through for a line: others may write into the machine's kernel log, too, and later. */
const NEWEST = 500;

/** Where kernel lines come from. */
export interface LineSource {
  readonly path: string;
  /** Messages of the kernel, in this order. */
  write(messages: readonly string[]): void;
}

export interface WorldOptions {
  readonly folder: string;
  readonly source: LineSource;
  readonly disks: readonly SmallDisk[];
  readonly random: () => number;
  readonly agent?: Partial<AgentOptions>;
}

export interface Stored {
  /** As they stand there: one that is there twice is there twice. */
  readonly numbers: readonly number[];
  /** That the node's events came under: one, unless the agent took itself for another. */
  readonly streams: number;
  /** Records that the kernel's ring overwrote, by the events that say so. */
  readonly kernelLost: number;
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
  /** The process name in its lines: nobody else's can be taken for them. */
  readonly #name = `chaos-${randomUUID().slice(0, 8)}`;
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

  /** One of the agent's own; NaN while there is none. */
  async metric(name: string): Promise<number> {
    return this.#agent === null ? Number.NaN : metric(await this.#agent.address(), name);
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
      this.writeNow(Math.round((count * portion) / portions) - Math.round((count * (portion - 1)) / portions));
      await sleep(this.random() * 2 * (ms / portions));
    }
  }

  lineText(number: number): string {
    return `NVRM: Xid (PCI:0000:1b:00): 31, pid=${number}, name=${this.#name}, Ch 00000008`;
  }

  writeNow(count: number): void {
    this.#options.source.write(Array.from({ length: count }, (_value, index) => this.lineText(this.lines + index + 1)));
    this.lines += count;
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
    const response = await fetch(`${this.#aggregator?.url}/v1/nodes/${NODE}/events?limit=${NEWEST}`, {
      signal: AbortSignal.timeout(FETCH_MS),
    });
    return (await response.text()).includes(JSON.stringify(this.lineText(number)));
  }

  /** What the store holds, once the aggregator has ended. */
  stored(): Stored {
    const database = new DatabaseSync(join(this.#options.folder, 'state', 'trivet.db'));
    const bodies = (kind: string) =>
      database
        .prepare('SELECT body FROM events WHERE kind = ? ORDER BY id')
        .all(kind)
        .map((row): Record<string, unknown> => JSON.parse(String(row['body'])));
    try {
      const streams = database.prepare('SELECT count(DISTINCT agent_id || stream_id) AS streams FROM events').get();
      // Lines of others may stand in a kernel log that is the machine's own.
      const ours = bodies('kernel.xid').filter(({ process }) => process === this.#name);
      const overwritten = bodies('kernel.lost-records').map(({ count }) => Number(count ?? 0));
      return {
        numbers: ours.map(({ pid }) => Number(pid)),
        streams: Number(streams?.['streams']),
        kernelLost: overwritten.reduce((sum, count) => sum + count, 0),
      };
    } finally {
      database.close();
    }
  }

  /** What both ends say of themselves; of the node, the aggregator says what its beats told. */
  async books(): Promise<{ readonly agent: string; readonly aggregatorMetrics: string; readonly node: unknown }> {
    const get = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(FETCH_MS) })).text();
    const address = (await this.#agent?.address()) ?? '';
    const url = this.#aggregator?.url ?? '';
    const [agent, aggregatorMetrics, node] = await Promise.all([
      get(`${address}/metrics`),
      get(`${url}/metrics`),
      get(`${url}/v1/nodes/${NODE}`),
    ]);
    return { agent, aggregatorMetrics, node: JSON.parse(node) };
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!(await condition())) {
      if (Date.now() > deadline) {
        const said = this.#agent?.said.join('\n');
        throw new Error(`waited ${DEADLINE_MS} ms for ${what}; ${await this.#standing()}; the agent says:\n${said}`);
      }
      await sleep(50);
    }
  }

  /** For whoever has to find out why nothing comes any more. */
  async #standing(): Promise<string> {
    try {
      const { agent } = await this.books();
      const lines = agent.split('\n').filter((line) => /^trivet_(?:agent_|kernel_log_)\w+ /.test(line));
      const newest = await fetch(`${this.#aggregator?.url}/v1/nodes/${NODE}/events?limit=2`);
      return `${this.lines} lines written; ${lines.join(', ')}; newest events ${await newest.text()}`;
    } catch (error) {
      return `no standing: ${String(error)}`;
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
