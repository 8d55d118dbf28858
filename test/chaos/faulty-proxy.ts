/**
 * A TCP way between agent and aggregator that can be cut: refused, reset, delayed, or silent in both directions (half-open:
 * neither end is told, as when a switch dies). Bytes of one connection are never dropped nor changed, because TCP does not.
 */
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** Larger than a beat or a hello; events are, and reports. */
const BATCH_MIN_BYTES = 600;

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
  #watchers: (() => void)[] = [];

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

  /** Resolves with the next batch that is under way to the aggregator, or after a second without one. */
  batch(): Promise<void> {
    return Promise.race([pause(1000), new Promise<void>((resolve) => this.#watchers.push(resolve))]);
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
    client.on('data', (piece: Buffer) => {
      if (piece.length < BATCH_MIN_BYTES) return;
      for (const watcher of this.#watchers.splice(0)) watcher();
    });
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
