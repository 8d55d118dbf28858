/**
 * Where agents connect: the WebSocket endpoint of protocol v1 on the API's server. It decides who may connect and how many,
 * ends connections that fell silent, and keeps one connection a node. What a connection says is `connection.ts`.
 */
import type { IncomingMessage, Server } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { FRAME_MAX_BYTES, SOCKET_PATH } from '@trivet/shared/protocol/messages.ts';
import { showsToken } from '../../bearer.ts';
import { Asks, type AskAnswer, type Question } from './asks.ts';
import { AgentConnection, CLOSE, type ConnectionContext } from './connection.ts';
import type { ConnectionOutcome } from './meter.ts';

export interface ReceiverOptions extends Omit<ConnectionContext, 'joined' | 'left' | 'answered'> {
  readonly connectionsMax: number;
  /** Bearer token that agents must show; null: anybody who reaches the port may connect. */
  readonly token: string | null;
}

export interface Receiver {
  attach(server: Server): void;
  /** Of the node's agent, while it is connected. */
  connection(node: string): AgentConnection | undefined;
  connections(): Iterable<AgentConnection>;
  /** Asks the node's agent. Never rejects, and resolves within the question's deadline: what cannot be told is `unknown`. */
  ask(node: string, question: Question): Promise<AskAnswer>;
  /** Questions that wait for an answer. */
  readonly asksPending: number;
  /** Takes no more connections, commits what came and says goodbye (1001). */
  stop(): Promise<void>;
}

/** An agent beats; after three missed ones the connection is dead, whatever TCP says. */
const BEATS_MISSED_MAX = 3;
/** For the goodbye of well-behaved agents; the others are cut off. */
const GOODBYE_MS = 1_000;

export function createReceiver(options: ReceiverOptions): Receiver {
  return new AgentReceiver(options);
}

class AgentReceiver implements Receiver {
  readonly #options: ReceiverOptions;
  readonly #context: ConnectionContext;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: FRAME_MAX_BYTES });
  readonly #open = new Set<AgentConnection>();
  readonly #byNode = new Map<string, AgentConnection>();
  readonly #asks: Asks;
  readonly #sweep: NodeJS.Timeout;
  #sweptMs = performance.now();
  #stopping = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#asks = new Asks(options.meter);
    this.#context = {
      ...options,
      joined: (connection) => this.#joined(connection),
      left: (connection) => this.#left(connection),
      answered: (connection, result) => this.#asks.answered(connection, result),
    };
    this.#sweep = setInterval(() => this.#endSilent(), options.intervals.beatMs);
  }

  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  connection(node: string): AgentConnection | undefined {
    return this.#byNode.get(node);
  }

  connections(): Iterable<AgentConnection> {
    return this.#byNode.values();
  }

  ask(node: string, question: Question): Promise<AskAnswer> {
    return this.#asks.ask(this.#byNode.get(node), question);
  }

  get asksPending(): number {
    return this.#asks.pending;
  }

  async stop(): Promise<void> {
    const { ingest } = this.#options;
    this.#stopping = true;
    clearInterval(this.#sweep);
    await ingest.flush();
    for (const connection of this.#open) connection.close(CLOSE.goingAway, 'aggregator is stopping');
    const deadline = performance.now() + GOODBYE_MS;
    while (this.#open.size > 0 && performance.now() < deadline) await pause(10);
    for (const connection of this.#open) connection.terminate();
    await ingest.flush();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (request.url?.split('?', 1)[0] !== SOCKET_PATH) return answer(socket, '404 Not Found');
    const refusal = this.#refusalOf(request);
    if (refusal !== null) {
      this.#options.meter.connection(refusal.outcome);
      return answer(socket, refusal.status);
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#open.add(new AgentConnection(webSocket, this.#context)),
    );
  }

  #refusalOf({ headers }: IncomingMessage): { outcome: ConnectionOutcome; status: string } | null {
    const { connectionsMax, token } = this.#options;
    if (this.#stopping) return { outcome: 'stopping', status: '503 Service Unavailable' };
    // Agents send no Origin; a browser always does, and a page that a person visits must not speak for a node.
    if (headers.origin !== undefined) return { outcome: 'browser', status: '403 Forbidden' };
    if (token !== null && !showsToken(token, headers.authorization))
      return { outcome: 'unauthorised', status: '401 Unauthorized' };
    if (this.#open.size >= connectionsMax) return { outcome: 'full', status: '503 Service Unavailable' };
    return null;
  }

  #joined(connection: AgentConnection): void {
    const { log, meter } = this.#options;
    const node = connection.hello?.node ?? '';
    const former = this.#byNode.get(node);
    this.#byNode.set(node, connection);
    meter.connection(former === undefined ? 'accepted' : 'replaced');
    if (former === undefined) return;
    log.warn('agent.replaced', { node, agentId: connection.hello?.agentId, formerAgentId: former.hello?.agentId });
    former.close(CLOSE.replaced, 'another connection speaks for this node');
  }

  #left(connection: AgentConnection): void {
    this.#open.delete(connection);
    this.#asks.left(connection);
    const node = connection.hello?.node ?? '';
    if (this.#byNode.get(node) === connection) this.#byNode.delete(node);
  }

  #endSilent(): void {
    const { beatMs } = this.#options.intervals;
    const nowMs = performance.now();
    const lateMs = nowMs - this.#sweptMs - beatMs;
    this.#sweptMs = nowMs;
    // We stood still ourselves (a slow disk, a stopped process): what came meanwhile has not been read yet.
    if (lateMs > beatMs) return;
    for (const connection of this.#open) {
      if (connection.silentMs(nowMs) > BEATS_MISSED_MAX * beatMs) connection.terminate();
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function answer(socket: Duplex, status: string): void {
  // A peer that does not close its end must not keep the socket.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
