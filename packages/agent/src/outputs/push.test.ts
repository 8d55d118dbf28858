/** The client against a real WebSocket server in this process, which does what each test tells it to. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Report } from '@trivet/shared/model/report.ts';
import type { AgentMessage } from '@trivet/shared/protocol/messages.ts';
import { parseAgentMessage } from '@trivet/shared/protocol/schema.ts';
import { createLog } from '../log.ts';
import { openOutbox } from '../outbox/open.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { FakeAggregator, INTERVALS } from '../testing/fake-aggregator.ts';
import type { Reply } from '../testing/fake-aggregator.ts';
import { Push } from './push.ts';
import type { PushOptions } from './push-options.ts';

const AT = '2026-11-20T17:00:00.000Z';
const WAIT = { timeout: 20_000, interval: 5 };

function parse(frame: string): AgentMessage {
  const parsed = parseAgentMessage(frame);
  if (!parsed.ok) throw new Error(parsed.refuse.message);
  return parsed.message;
}

let directory: string;
let outbox: Outbox;
let aggregator: FakeAggregator;
let push: Push;
let logged: Record<string, unknown>[];

function client(options: Partial<PushOptions> = {}): Push {
  const log = createLog({ level: 'debug', now: () => 0, write: (line) => logged.push(JSON.parse(line)) });
  return new Push({
    url: aggregator.url,
    outbox,
    lostBefore: () => 0,
    log,
    random: () => 0.5,
    hello: () => ({
      type: 'hello',
      v: 1,
      node: 'gpu-1',
      agentId: outbox.agentId,
      streamId: outbox.streamId,
      bootId: 'boot',
      agentVersion: '0.1.0',
      hardware: { serial: null, gpus: [] },
    }),
    token: () => null,
    answer: ({ check }) => Promise.resolve({ state: 'failed', text: `${check} is not configured on this node` }),
    welcomed: () => {},
    timing: { connectMs: 5000, ackMs: 5000, backoff: { minMs: 5, maxMs: 20 } },
    ...options,
  });
}

function append(from: number, to: number): void {
  for (let n = from; n <= to; n++) outbox.append([{ kind: 'count', at: AT, body: { n } }]);
}
function report(reportId: string): Report {
  return { reportId, takenAt: AT, reason: 'interval', samples: {}, findings: [], collectors: [] };
}
function committed(): unknown[] {
  return [...aggregator.committed.values()].sort((a, b) => a.seq - b.seq).map(({ body }) => body['n']);
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'trivet-push-'));
  logged = [];
  aggregator = await new FakeAggregator(parse).listening();
  outbox = openOutbox(directory, { node: 'gpu-1', log: createLog({ level: 'error', now: () => 0, write: () => {} }) });
  push = client();
});
afterEach(() => {
  push.stop();
  aggregator.close();
  outbox.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('Push', () => {
  it('says hello, sends what waits and the newest report, beats, and forgets what is acknowledged', async () => {
    append(1, 600);
    push.report(report('old'));
    push.report(report('new'));
    push.start();
    await vi.waitUntil(() => aggregator.of('beat').at(-1)?.outboxDepth === 0, WAIT);
    expect(aggregator.messages[0]?.type).toBe('hello');
    expect(committed()).toEqual(Array.from({ length: 600 }, (_value, index) => index + 1));
    expect(aggregator.of('report').map(({ reportId }) => reportId)).toEqual(['new']);
    expect(aggregator.of('beat').at(-1)).toEqual({ type: 'beat', outboxDepth: 0, lost: 0, reportsDropped: 1 });
    append(601, 601);
    push.flush();
    await vi.waitUntil(() => committed().includes(601), WAIT);
  });

  it('comes back after each loss of the connection and loses nothing', async () => {
    push.start();
    for (let round = 0; round < 10; round++) {
      append(round * 20 + 1, round * 20 + 20);
      push.flush();
      await vi.waitUntil(() => push.connected, WAIT);
      aggregator.disconnectAll();
      await vi.waitUntil(() => !push.connected, WAIT);
    }
    await vi.waitUntil(() => outbox.depth === 0, WAIT);
    expect(committed()).toEqual(Array.from({ length: 200 }, (_value, index) => index + 1));
  });

  it('sends again what was committed but not acknowledged; the key makes it one', async () => {
    append(1, 5);
    let cut = true;
    aggregator.reply = (message, reply, socket) => {
      if (message.type === 'events' && cut) {
        cut = false;
        aggregator.commit(message.events);
        return socket.terminate();
      }
      // It has forgotten how far it was, as with a store that lags.
      if (message.type === 'hello') return reply({ type: 'welcome', ackedSeq: 0, intervals: INTERVALS });
      aggregator.behave(message, reply);
    };
    push.start();
    await vi.waitUntil(() => outbox.depth === 0, WAIT);
    expect(aggregator.arrivals).toBe(10);
    expect(committed()).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps one batch under way while acknowledgements are slow', async () => {
    append(1, 700);
    const waiting: (() => void)[] = [];
    aggregator.reply = (message, reply) => {
      if (message.type === 'events') waiting.push(() => aggregator.behave(message, reply));
      else aggregator.behave(message, reply);
    };
    push.start();
    await vi.waitUntil(() => waiting.length === 1, WAIT);
    append(701, 702);
    push.flush();
    push.report(report('meanwhile'));
    await vi.waitUntil(() => aggregator.of('report').length === 1 && aggregator.of('beat').length > 1, WAIT);
    expect(waiting).toHaveLength(1);
    for (let batch = 1; batch <= 3; batch++) {
      waiting.at(-1)?.();
      if (batch < 3) await vi.waitUntil(() => waiting.length === batch + 1, WAIT);
    }
    await vi.waitUntil(() => outbox.depth === 0, WAIT);
    expect(committed()).toHaveLength(702);
  });

  it('gives up a connection on which events are never acknowledged, and keeps them', async () => {
    append(1, 3);
    push = client({ timing: { connectMs: 5000, ackMs: 50, backoff: { minMs: 5, maxMs: 20 } } });
    aggregator.reply = (message, reply) => {
      if (message.type !== 'events') aggregator.behave(message, reply);
    };
    push.start();
    await vi.waitUntil(() => aggregator.of('hello').length > 2, WAIT);
    expect(outbox.depth).toBe(3);
    expect(logged).toContainEqual(expect.objectContaining({ reason: 'events were not acknowledged' }));
  });

  it('drops an event that is refused for ever, and only that one', async () => {
    append(1, 10);
    aggregator.reply = (message, reply) => {
      if (message.type !== 'events') return aggregator.behave(message, reply);
      const bad = message.events.findIndex(({ body }) => body['n'] === 4 || body['n'] === 10);
      if (bad === -1) return aggregator.behave(message, reply);
      reply({ type: 'refuse', code: 'invalid', path: `/events/${bad}/body`, message: 'send a smaller body' });
    };
    push.start();
    await vi.waitUntil(() => committed().length === 8, WAIT);
    append(11, 11);
    push.flush();
    await vi.waitUntil(() => outbox.depth === 0, WAIT);
    expect(committed()).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 11]);
    expect(outbox.lost).toBe(2);
    expect(push.counts.refusals).toBe(2);
    expect(logged).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/refuses an event|smaller/), path: '/events/3/body' }),
    );
  });

  it('keeps everything on a refusal for now', async () => {
    append(1, 3);
    aggregator.reply = (message, reply) => {
      if (message.type !== 'events' || aggregator.of('hello').length > 3) return aggregator.behave(message, reply);
      reply({ type: 'refuse', code: 'store-failed', path: '/events/0', message: 'try later' });
    };
    push.start();
    await vi.waitUntil(() => outbox.depth === 0, WAIT);
    expect(committed()).toEqual([1, 2, 3]);
    expect(outbox.lost).toBe(0);
  });

  it.each([
    ['never welcomes', () => {}],
    [
      'refuses the hello',
      (_message, reply) => reply({ type: 'refuse', code: 'invalid', path: '/node', message: 'no' }),
    ],
    ['closes at once', (_message, _reply, socket) => socket.close(1013)],
    [
      'acknowledges what it never got',
      (message, reply) =>
        reply(
          message.type === 'hello' ? { type: 'welcome', ackedSeq: 0, intervals: INTERVALS } : { type: 'ack', seq: 99 },
        ),
    ],
  ] satisfies [string, Reply][])('keeps its events and comes back when the aggregator %s', async (_what, reply) => {
    append(1, 3);
    push = client({ timing: { connectMs: 50, ackMs: 5000, backoff: { minMs: 5, maxMs: 20 } } });
    aggregator.reply = reply;
    push.start();
    await vi.waitUntil(() => aggregator.of('hello').length > 3, WAIT);
    expect(outbox.depth).toBe(3);
    aggregator.reply = (message, answer) => aggregator.behave(message, answer);
    await vi.waitUntil(() => outbox.depth === 0, WAIT);
    expect(committed()).toEqual([1, 2, 3]);
  });

  it('gives up a connection that is silent', async () => {
    push.start();
    await vi.waitUntil(() => push.connected, WAIT);
    const [socket] = aggregator.server.clients;
    socket?.pause();
    await vi.waitUntil(() => aggregator.of('hello').length === 2, WAIT);
    expect(logged).toContainEqual(expect.objectContaining({ reason: 'silent' }));
  });

  it('ignores and counts frames that are no message', async () => {
    append(1, 1);
    aggregator.reply = (message, reply, socket) => {
      if (message.type === 'hello') {
        for (const frame of ['', '{', '[]', '{"type":"drain"}', Buffer.from([1, 2])]) socket.send(frame);
      }
      aggregator.behave(message, reply);
    };
    push.start();
    await vi.waitUntil(() => outbox.depth === 0, WAIT);
    expect(push.counts.badFrames).toBe(5);
    expect(push.counts.welcomes).toBe(1);
  });

  it('begins a new stream when its folder is an older copy of itself', async () => {
    append(1, 3);
    const { streamId } = outbox;
    aggregator.reply = (message, reply) => {
      if (message.type !== 'hello') return aggregator.behave(message, reply);
      reply({ type: 'welcome', ackedSeq: message.streamId === streamId ? 50 : 0, intervals: INTERVALS });
    };
    // A disk that refuses it at first.
    mkdirSync(join(directory, 'identity.json.tmp'));
    push.start();
    await vi.waitUntil(() => JSON.stringify(logged).includes('new stream could not be saved'), WAIT);
    rmSync(join(directory, 'identity.json.tmp'), { recursive: true });
    await vi.waitUntil(() => outbox.depth === 0, WAIT);
    expect(outbox.streamId).not.toBe(streamId);
    expect(aggregator.of('hello').at(-1)?.streamId).toBe(outbox.streamId);
    expect(committed()).toEqual([1, 2, 3]);
  });

  it('answers questions, and says so when a check is not configured', async () => {
    aggregator.reply = (message, reply) => {
      aggregator.behave(message, reply);
      if (message.type === 'hello') reply({ type: 'ask', askId: 'q1', check: 'nccl' });
    };
    push.start();
    await vi.waitUntil(() => aggregator.of('result').length === 1, WAIT);
    expect(aggregator.of('result')[0]).toMatchObject({
      askId: 'q1',
      state: 'failed',
      text: expect.stringMatching(/not configured/),
    });
  });

  it('sends its token anew with each connection, and logs it never', async () => {
    let token = 'first-secret';
    push = client({ token: () => token });
    push.start();
    await vi.waitUntil(() => push.connected, WAIT);
    token = 'second-secret';
    aggregator.disconnectAll();
    await vi.waitUntil(() => aggregator.authorizations.length === 2, WAIT);
    expect(aggregator.authorizations).toEqual(['Bearer first-secret', 'Bearer second-secret']);
    expect(JSON.stringify(logged)).not.toContain('secret');
  });

  it('waits for an aggregator that is not there yet', async () => {
    const { url } = aggregator;
    aggregator.close();
    push = client({ url });
    push.start();
    await vi.waitUntil(() => logged.filter(({ level }) => level === 'warn').length > 3, WAIT);
    expect(push.connected).toBe(false);
    push.stop();
  });
});
