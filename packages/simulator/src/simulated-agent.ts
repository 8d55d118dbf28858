/**
 * A light agent: protocol v1 over a real WebSocket, without collectors and without a disk, so that a thousand fit into one
 * process. What it says comes from the world. A connection that breaks is dialled anew at the next pass, not before: until
 * then the node does not deliver, and the run says so.
 */
import { WebSocket } from 'ws';
import { PROTOCOL_VERSION, SOCKET_PATH, FRAME_MAX_BYTES } from '@trivet/shared/protocol/messages.ts';
import type { AgentEvent, AgentMessage, AggregatorMessage } from '@trivet/shared/protocol/messages.ts';
import { parseAggregatorMessage } from '@trivet/shared/protocol/guard.ts';
import { openedEvents, reportIdOf, reportOf } from './simulated-report.ts';
import type { NodeAgent } from './node-agent.ts';
import type { AgentView } from './world.ts';

/** From dialling to `welcome`, in wall time: a thousand agents dial one process at once. */
const WELCOME_DEADLINE_MS = 30_000;
export const AGENT_VERSION = 'simulated';

export function simulatedAgent(node: string, origin: string): NodeAgent {
  const url = new URL(SOCKET_PATH, origin.replace(/^http/, 'ws'));
  let session: Session | null = null;
  let asserted: ReadonlySet<string> = new Set();
  let events: readonly AgentEvent[] = [];
  let lastSeq = 0;
  let problem: string | null = null;

  /** An agent starts anew when its node was rebooted or its hardware exchanged; else the connection is kept. */
  async function sessionFor(view: AgentView): Promise<Session> {
    const identity = JSON.stringify([view.bootId, view.hardware]);
    if (session?.identity === identity && session.socket.readyState === WebSocket.OPEN) return session;
    session?.end();
    problem = null;
    session = await dial(url, view, identity, {
      acked: (seq) => {
        events = events.filter((event) => event.seq > seq);
      },
      failed: (reason) => {
        problem = reason;
      },
    });
    return session;
  }

  return {
    node,
    /** Only a sign of life where the node does not report. */
    async deliver(view, pass, at) {
      const { socket } = await sessionFor(view);
      if (!view.reports) return send(socket, { type: 'beat', outboxDepth: events.length, lost: 0, reportsDropped: 0 });
      const report = reportOf(view, pass, at);
      const opened = openedEvents(report, asserted, lastSeq);
      asserted = new Set(report.findings.map(({ id }) => id));
      lastSeq += opened.length;
      events = [...events, ...opened];
      if (events.length > 0) send(socket, { type: 'events', events });
      send(socket, { type: 'report', ...report });
    },
    problem: () => problem,
    isReportOf: (reportId, pass) => reportId === reportIdOf(node, pass),
    async stop() {
      session?.end();
    },
  };
}

interface Session {
  readonly socket: WebSocket;
  readonly identity: string;
  /** Ends the connection from this side: no problem of anybody's. */
  end(): void;
}

interface Listener {
  acked(seq: number): void;
  failed(reason: string): void;
}

/** Resolves once the aggregator has welcomed the agent. */
async function dial(url: URL, view: AgentView, identity: string, listener: Listener): Promise<Session> {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: FRAME_MAX_BYTES });
  const { promise: welcomed, resolve, reject } = Promise.withResolvers<void>();
  const fail = (reason: string): void => {
    listener.failed(reason);
    reject(new Error(`${view.node}: ${reason}`));
  };
  const deadline = setTimeout(() => fail(`no welcome within ${WELCOME_DEADLINE_MS / 1000} s`), WELCOME_DEADLINE_MS);
  socket.on('open', () => send(socket, helloOf(view)));
  socket.on('error', (error) => fail(`connection failed: ${error.message}`));
  const closed = (code: number): void => fail(`connection closed (${code})`);
  socket.on('close', closed);
  socket.on('message', (data) => {
    const message = parseAggregatorMessage(String(data));
    if (message?.type === 'welcome') resolve();
    take(message, socket, { ...listener, failed: fail });
  });
  const end = (): void => {
    socket.off('close', closed);
    socket.terminate();
  };
  try {
    await welcomed;
  } catch (error) {
    end();
    throw error;
  } finally {
    clearTimeout(deadline);
  }
  return { socket, identity, end };
}

function take(message: AggregatorMessage | null, socket: WebSocket, { acked, failed }: Listener): void {
  switch (message?.type) {
    case 'welcome':
      acked(message.ackedSeq);
      break;
    case 'ack':
      acked(message.seq);
      break;
    case 'refuse':
      failed(`refused (${message.code}) at "${message.path}": ${message.message}`);
      break;
    case 'ask':
      send(socket, { type: 'result', askId: message.askId, state: 'unknown', text: 'a simulated agent has no checks' });
      break;
    default:
      failed('the aggregator sent what is no message of protocol v1');
  }
}

function helloOf({ node, bootId, hardware }: AgentView): AgentMessage {
  return {
    type: 'hello',
    v: PROTOCOL_VERSION,
    node,
    agentId: `${AGENT_VERSION}-${node}`,
    streamId: `${AGENT_VERSION}-${node}`,
    bootId,
    agentVersion: AGENT_VERSION,
    hardware,
  };
}

function send(socket: WebSocket, message: AgentMessage): void {
  socket.send(JSON.stringify(message));
}
