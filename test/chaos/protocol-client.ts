/**
 * A small agent that speaks protocol v1 and nothing else: it makes events, holds each until it is acknowledged, and after a
 * lost connection resumes where the welcome says. It notes what it was promised, so that a test can hold the aggregator to it.
 */
import { WebSocket } from 'ws';
import {
  SOCKET_PATH,
  type AgentEvent,
  type AgentMessage,
  type AggregatorMessage,
  type Refuse,
} from '@trivet/shared/protocol/messages.ts';

export interface ClientOptions {
  readonly url: string;
  readonly node: string;
  /** Events in one message. */
  readonly batch: number;
  /** Messages that may wait for an acknowledgement. */
  readonly window: number;
}

const RECONNECT_MS = 20;

export class ProtocolClient {
  readonly node: string;
  readonly agentId: string;
  readonly streamId: string;
  /** Highest acknowledgement: everything up to here is promised to be kept. */
  acked = 0;
  /** What broke the protocol, as text. Has to stay empty. */
  readonly broken: string[] = [];
  readonly refusals: Refuse[] = [];
  readonly #options: ClientOptions;
  #socket: WebSocket | null = null;
  #sent = 0;
  #stopped = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.node = options.node;
    this.agentId = `agent-${options.node}`;
    this.streamId = `stream-${options.node}`;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  #connect(): void {
    if (this.#stopped) return;
    const socket = new WebSocket(`${this.#options.url.replace('http', 'ws')}${SOCKET_PATH}`, {
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.on('error', () => socket.terminate());
    socket.on('close', () => setTimeout(() => this.#connect(), RECONNECT_MS));
    socket.on('open', () => {
      const { node, agentId, streamId } = this;
      const hardware = { serial: `S-${node}`, gpus: [] };
      this.#send({ type: 'hello', v: 1, node, agentId, streamId, bootId: 'boot-1', agentVersion: '0.0.0', hardware });
    });
    socket.on('message', (data) => this.#receive(JSON.parse(String(data))));
  }

  #receive(message: AggregatorMessage): void {
    if (message.type === 'refuse') this.refusals.push(message);
    if (message.type === 'welcome') {
      if (message.ackedSeq < this.acked) this.broken.push(`welcome ${message.ackedSeq} after ack ${this.acked}`);
      this.#sent = message.ackedSeq;
      this.acked = Math.max(this.acked, message.ackedSeq);
      this.#fill();
    }
    if (message.type === 'ack') {
      if (message.seq > this.#sent) this.broken.push(`ack ${message.seq} of events that were never sent`);
      this.acked = Math.max(this.acked, message.seq);
      this.#fill();
    }
  }

  #fill(): void {
    const { batch, window } = this.#options;
    while (this.#sent < this.acked + batch * window) {
      const events = Array.from({ length: batch }, (_, index) => eventOf(this.#sent + index + 1));
      this.#send({ type: 'events', events });
      this.#sent += batch;
    }
  }

  #send(message: AgentMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

/** Content follows from the number, so that what is stored can be checked against it. */
export function eventOf(seq: number): AgentEvent {
  const at = new Date(Date.UTC(2026, 10, 20) + seq).toISOString();
  return { seq, kind: 'kernel.xid', at, body: { n: seq, text: `NVRM: Xid (PCI:0000:1b:00): 79, event ${seq}` } };
}
