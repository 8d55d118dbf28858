/** An aggregator in this process on a free port, with legs from files in a temporary folder, and a raw agent's socket. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { startAggregator, type AggregatorConfig, type RunningAggregator } from '@trivet/aggregator/aggregator.ts';
import { DEFAULT_POLICY } from '@trivet/aggregator/core/policy.ts';
import { fileCluster } from '@trivet/aggregator/legs/cluster/index.ts';
import { fileInventory } from '@trivet/aggregator/legs/inventory/index.ts';
import { DEFAULT_PASS_RETENTION } from '@trivet/aggregator/passes/index.ts';
import { createLog } from '@trivet/aggregator/log.ts';
import { SOCKET_PATH, type AggregatorMessage, type Hello } from '@trivet/shared/protocol/messages.ts';

const DEADLINE_MS = 10_000;

export interface Harness {
  readonly aggregator: RunningAggregator;
  readonly dir: string;
  readonly log: readonly string[];
  get(path: string): Promise<{ status: number; body: string; headers: Headers }>;
  json(path: string): Promise<{ status: number; body: unknown }>;
  /** One sample of /metrics, by name and labels as printed; null when it is not there. */
  metric(sample: string): Promise<number | null>;
  agent(node: string, options?: Partial<Hello> & { token?: string; origin?: string }): Promise<AgentSocket>;
}

export interface HarnessOptions {
  readonly config?: Partial<AggregatorConfig>;
  readonly now?: () => Date;
  /** Rows of the files. */
  readonly inventory?: readonly object[];
  readonly cluster?: readonly object[];
  /** Of both files, by the clock above; without it, when they were written. */
  readonly asOf?: Date;
}

/** Starts one, hands it over, and stops it whatever happens. */
export async function withAggregator(
  options: HarnessOptions,
  work: (harness: Harness) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'trivet-e2e-'));
  const log: string[] = [];
  const sockets: AgentSocket[] = [];
  try {
    const aggregator = await start(dir, options, log);
    const get = async (path: string) => {
      const response = await fetch(aggregator.url + path);
      return { status: response.status, body: await response.text(), headers: response.headers };
    };
    try {
      await work({
        aggregator,
        dir,
        log,
        get,
        json: async (path) => {
          const { status, body } = await get(path);
          return { status, body: JSON.parse(body) };
        },
        metric: async (sample) => {
          const lines = (await get('/metrics')).body.split('\n');
          const line = lines.find((text) => text.startsWith(`${sample} `));
          return line === undefined ? null : Number(line.slice(sample.length + 1));
        },
        agent: async (node, hello = {}) => {
          const socket = new AgentSocket(aggregator.url, hello);
          sockets.push(socket);
          await socket.opened();
          const { token: _token, origin: _origin, ...fields } = hello;
          socket.send({ ...helloOf(node), ...fields });
          return socket;
        },
      });
    } finally {
      for (const socket of sockets) socket.end();
      await aggregator.stop();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function start(dir: string, options: HarnessOptions, log: string[]): Promise<RunningAggregator> {
  const file = (name: string, rows: readonly object[] = []) => {
    const path = join(dir, name);
    const { asOf } = options;
    writeFileSync(path, JSON.stringify({ rows, asOf }));
    return path;
  };
  const now = options.now ?? (() => new Date());
  return startAggregator(
    {
      dir: join(dir, 'state'),
      cluster: 'test',
      listen: { host: '127.0.0.1', port: 0 },
      passIntervalMs: null,
      intervals: { reportMs: 60_000, beatMs: 10_000 },
      connectionsMax: 100,
      stripDomains: [],
      token: null,
      apiToken: null,
      retention: { eventDays: 30, eventsMax: 1_000_000, historyDays: 400 },
      passRetention: DEFAULT_PASS_RETENTION,
      ...options.config,
    },
    {
      now,
      log: createLog((line) => log.push(line), now),
      legs: {
        inventory: fileInventory(file('inventory.json', options.inventory)),
        cluster: fileCluster(file('cluster.json', options.cluster)),
      },
      policy: async () => DEFAULT_POLICY,
    },
  );
}

export function helloOf(node: string): Hello {
  const gpu = { uuid: `GPU-${node}`, pciBusId: '0000:1b:00.0', serial: '165', model: 'H100' };
  return {
    type: 'hello',
    v: 1,
    node,
    agentId: `agent-${node}`,
    streamId: `stream-${node}`,
    bootId: 'boot-1',
    agentVersion: '0.0.0',
    hardware: { serial: `S-${node}`, gpus: [gpu] },
  };
}

export class AgentSocket {
  readonly received: AggregatorMessage[] = [];
  closeCode: number | null = null;
  /** Of a refused upgrade. */
  status: number | null = null;
  readonly #socket: WebSocket;

  constructor(url: string, { token, origin }: { token?: string; origin?: string } = {}) {
    this.#socket = new WebSocket(url.replace('http', 'ws') + SOCKET_PATH, {
      perMessageDeflate: false,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(origin === undefined ? {} : { origin }),
      },
    });
    this.#socket.on('unexpected-response', (_request, response) => {
      this.status = response.statusCode ?? 0;
      response.destroy();
      this.closeCode = 0;
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (data) => this.received.push(JSON.parse(String(data))));
    this.#socket.on('close', (code) => (this.closeCode = code));
  }

  async opened(): Promise<void> {
    await until(() => this.#socket.readyState === WebSocket.OPEN || this.closeCode !== null, 'the socket to open');
  }

  /** Text goes as it is. */
  send(message: object | string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The newest message of a type, once there are `count` of them. */
  async message<Type extends AggregatorMessage['type']>(
    type: Type,
    count = 1,
  ): Promise<AggregatorMessage & { type: Type }> {
    const ofType = () =>
      this.received.filter((message): message is AggregatorMessage & { type: Type } => message.type === type);
    await until(() => ofType().length >= count, `${count} ${type}, got ${JSON.stringify(this.received)}`);
    const found = ofType().at(-1);
    if (found === undefined) throw new Error(`no ${type}`);
    return found;
  }

  async closed(): Promise<number> {
    await until(() => this.closeCode !== null, 'the socket to close');
    return this.closeCode ?? 0;
  }

  end(): void {
    this.#socket.terminate();
  }
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${DEADLINE_MS} ms for ${what}`);
    await sleep(5);
  }
}
