/** An aggregator for tests: a real WebSocket server that commits by key, as the store does, or does what a test tells it to. */
import { once } from 'node:events';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { AgentEvent, AgentMessage, AggregatorMessage } from '@trivet/shared/protocol/messages.ts';

/** The shortest that the protocol allows. */
export const INTERVALS = { reportMs: 100, beatMs: 100 };

export type Reply = (message: AgentMessage, reply: (answer: AggregatorMessage) => void, socket: WebSocket) => void;

/** Commits what it is sent, by key, as the store does: what arrives twice is there once. */
export class FakeAggregator {
  readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  readonly messages: AgentMessage[] = [];
  readonly committed = new Map<number, AgentEvent>();
  readonly authorizations: (string | undefined)[] = [];
  arrivals = 0;
  reply: Reply = (message, reply) => this.behave(message, reply);

  /** `parse` throws on what an aggregator would refuse. */
  constructor(parse: (frame: string) => AgentMessage) {
    this.server.on('connection', (socket, request) => {
      this.authorizations.push(request.headers.authorization);
      socket.on('message', (data: Buffer) => {
        const message = parse(data.toString('utf8'));
        this.messages.push(message);
        this.reply(message, (answer) => socket.send(JSON.stringify(answer)), socket);
      });
    });
  }

  async listening(): Promise<this> {
    if (this.server.address() === null) await once(this.server, 'listening');
    return this;
  }

  get url(): string {
    const address = this.server.address();
    return `ws://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/v1/agents/socket`;
  }

  behave(message: AgentMessage, reply: (answer: AggregatorMessage) => void): void {
    if (message.type === 'hello') reply({ type: 'welcome', ackedSeq: this.acked, intervals: INTERVALS });
    if (message.type === 'events') {
      this.commit(message.events);
      reply({ type: 'ack', seq: this.acked });
    }
  }

  commit(events: readonly AgentEvent[]): void {
    this.arrivals += events.length;
    for (const event of events) this.committed.set(event.seq, event);
  }

  get acked(): number {
    return Math.max(0, ...this.committed.keys());
  }

  of<Type extends AgentMessage['type']>(type: Type) {
    return this.messages.filter((message): message is Extract<AgentMessage, { type: Type }> => message.type === type);
  }

  disconnectAll(): void {
    for (const socket of this.server.clients) socket.terminate();
  }

  close(): void {
    this.disconnectAll();
    this.server.close();
  }
}
