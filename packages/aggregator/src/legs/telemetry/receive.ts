/**
 * Where agents connect: the WebSocket endpoint of protocol v1 on the API's server. It decides who may connect and how many,
 * ends connections that fell silent, and keeps one connection a node. What a connection says is `connection.ts`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { FRAME_MAX_BYTES, SOCKET_PATH } from '@trivet/shared/protocol/messages.ts';
import { AgentConnection, CLOSE, type ConnectionContext } from './connection.ts';
import type { ConnectionOutcome } from './meter.ts';

export interface ReceiverOptions extends Omit<ConnectionContext, 'joined' | 'left'> {
  readonly connectionsMax: number;
  /** Bearer token that agents must show; null: anybody who reaches the port may connect. */
  readonly token: string | null;
}

export interface Receiver {
  attach(server: Server): void;
  /** Of the node's agent, while it is connected. */
  connection(node: string): AgentConnection | undefined;
  connections(): Iterable<AgentConnection>;
  /** Takes no more connections, commits what came and says goodbye (1001). */
  stop(): Promise<void>;
}

/** An agent beats; after three missed ones the connection is dead, whatever TCP says. */
const BEATS_MISSED_MAX = 3;
/** For the goodbye of well-behaved agents; the others are cut off. */
const GOODBYE_MS = 1_000;

export function createReceiver(options: ReceiverOptions): Receiver {
  const { ingest, intervals, log, meter } = options;
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: FRAME_MAX_BYTES });
  const open = new Set<AgentConnection>();
  const byNode = new Map<string, AgentConnection>();
  const context: ConnectionContext = { ...options, joined, left };
  const sweep = setInterval(endSilent, intervals.beatMs);
  let stopping = false;

  function attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => upgrade(request, socket, head));
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (request.url?.split('?', 1)[0] !== SOCKET_PATH) return answer(socket, '404 Not Found');
    const refusal = refusalOf(request);
    if (refusal !== null) {
      meter.connection(refusal.outcome);
      return answer(socket, refusal.status);
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => open.add(new AgentConnection(webSocket, context)));
  }

  function refusalOf({ headers }: IncomingMessage): { outcome: ConnectionOutcome; status: string } | null {
    if (stopping) return { outcome: 'stopping', status: '503 Service Unavailable' };
    // Agents send no Origin; a browser always does, and a page that a person visits must not speak for a node.
    if (headers.origin !== undefined) return { outcome: 'browser', status: '403 Forbidden' };
    if (!mayEnter(options.token, headers.authorization)) return { outcome: 'unauthorised', status: '401 Unauthorized' };
    if (open.size >= options.connectionsMax) return { outcome: 'full', status: '503 Service Unavailable' };
    return null;
  }

  function joined(connection: AgentConnection): void {
    const node = connection.hello?.node ?? '';
    const former = byNode.get(node);
    byNode.set(node, connection);
    meter.connection(former === undefined ? 'accepted' : 'replaced');
    if (former === undefined) return;
    log.warn('agent.replaced', { node, agentId: connection.hello?.agentId, formerAgentId: former.hello?.agentId });
    former.close(CLOSE.replaced, 'another connection speaks for this node');
  }

  function left(connection: AgentConnection): void {
    open.delete(connection);
    const node = connection.hello?.node ?? '';
    if (byNode.get(node) === connection) byNode.delete(node);
  }

  function endSilent(): void {
    const deadline = performance.now() - BEATS_MISSED_MAX * intervals.beatMs;
    for (const connection of open) if (connection.lastHeardMs < deadline) connection.terminate();
  }

  async function stop(): Promise<void> {
    stopping = true;
    clearInterval(sweep);
    await ingest.flush();
    for (const connection of open) connection.close(CLOSE.goingAway, 'aggregator is stopping');
    const deadline = performance.now() + GOODBYE_MS;
    while (open.size > 0 && performance.now() < deadline) await pause(10);
    for (const connection of open) connection.terminate();
    await ingest.flush();
  }

  return { attach, connection: (node) => byNode.get(node), connections: () => byNode.values(), stop };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function answer(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function mayEnter(token: string | null, authorization: string | undefined): boolean {
  if (token === null) return true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(`Bearer ${token}`), digest(authorization ?? ''));
}
