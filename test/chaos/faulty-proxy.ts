/**
 * A TCP way between agent and aggregator that can be cut: refused, reset, delayed, or silent in both directions (half-open:
 * neither end is told, as when a switch dies). Bytes of one connection are never dropped nor changed, because TCP does not.
 */
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** Larger than a report of one finding: events of a dozen lines and more. */
const BATCH_MIN_BYTES = 4500;
/** Longer than an agent waits before it tries again: at most four seconds the first time. */
const BATCH_WAIT_MS = 5000;

export class FaultyProxy {
  /** For new connections; `silent` takes them and says nothing. */
  mode: 'open' | 'refusing' | 'silent' = 'open';
  /** Each way, for what is under way from now on. */
  delayMs = 0;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #silent = new Set<Socket>();
  #upstreamPort = 0;
  /** Who waits for something to be under way. */
  readonly #watchers: Record<'batch' | 'ack', (() => void)[]> = { batch: [], ack: [] };

  constructor() {
    this.#server = createServer((client) => this.#accept(client));
  }

  async listening(upstreamPort: number): Promise<this> {
    this.#upstreamPort = upstreamPort;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return this;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  /** Resolves when the next batch is on its way to the aggregator, or its acknowledgement back; or when none comes for long. */
  next(what: 'batch' | 'ack'): Promise<void> {
    return Promise.race([pause(BATCH_WAIT_MS), new Promise<void>((resolve) => this.#watchers[what].push(resolve))]);
  }

  /** Ends what is open with a reset. */
  reset(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
    for (const socket of this.#silent) socket.resetAndDestroy();
    this.#pairs.clear();
    this.#silent.clear();
  }

  /** What is open goes silent, and so does what comes. */
  silence(): void {
    this.mode = 'silent';
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** The way is whole again; connections that both ends still hold go on where they stopped. */
  heal(): void {
    this.mode = 'open';
    this.delayMs = 0;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
    for (const socket of this.#silent) socket.resetAndDestroy();
    this.#silent.clear();
  }

  close(): void {
    this.reset();
    this.#server.close();
  }

  #accept(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.mode === 'refusing') return void client.resetAndDestroy();
    if (this.mode === 'silent') {
      client.pause();
      this.#silent.add(client);
      client.once('close', () => this.#silent.delete(client));
      return;
    }
    const upstream = createConnection({ port: this.#upstreamPort, host: '127.0.0.1' });
    const pair = [client, upstream] as const;
    this.#pairs.add(pair);
    client.on('data', (piece: Buffer) => piece.length >= BATCH_MIN_BYTES && this.#seen('batch'));
    // What a server sends is not masked.
    upstream.on('data', (piece: Buffer) => piece.includes('"type":"ack"') && this.#seen('ack'));
    this.#forward(client, upstream);
    this.#forward(upstream, client);
    for (const [socket, other] of [pair, [upstream, client] as const]) {
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }

  #seen(what: 'batch' | 'ack'): void {
    for (const watcher of this.#watchers[what].splice(0)) watcher();
  }

  /** In order, whatever the delay of each piece. */
  #forward(from: Socket, to: Socket): void {
    let before = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      const due = this.delayMs === 0 ? Promise.resolve() : pause(this.delayMs);
      before = before.then(() => due).then(() => void (to.destroyed || to.write(piece)));
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
