/** Protocol v1 against the real aggregator: real sockets, a real database file. */
import { describe, expect, it } from 'vitest';
import type { AgentEvent, ReportMessage } from '@trivet/shared/protocol/messages.ts';
import { helloOf, until, withAggregator, AgentSocket, type Harness } from './aggregator-harness.ts';

const event = (seq: number): AgentEvent => ({
  seq,
  kind: 'kernel.xid',
  at: '2026-11-20T17:00:00.000Z',
  body: { xid: 79, n: seq },
});
const events = (...seqs: number[]) => ({ type: 'events', events: seqs.map(event) });

function report(reportId: string, findings: ReportMessage['findings'] = []): ReportMessage {
  return {
    type: 'report',
    reportId,
    takenAt: '2026-11-20T17:00:00.000Z',
    reason: 'interval',
    samples: {},
    findings,
    collectors: [{ name: 'nvidia-smi', state: 'ok', required: true, reason: null, ageMs: 500 }],
  };
}

const XID_79: ReportMessage['findings'][number] = {
  id: 'finding-1',
  gpu: { uuid: 'GPU-n1', pciBusId: '0000:1b:00.0' },
  class: 'reboot',
  code: 'xid.79',
  strength: 'hard',
  action: 'drain-and-reboot',
  urgency: 'now',
  state: 'open',
  firstSeen: '2026-11-20T16:59:00.000Z',
  lastSeen: '2026-11-20T16:59:00.000Z',
  count: 1,
  evidence: [{ at: '2026-11-20T16:59:00.000Z', source: 'kernel-log', text: 'NVRM: Xid (PCI:0000:1b:00): 79' }],
  rule: 'the GPU has fallen off the bus',
};

const storedSeqs = async ({ json }: Harness, node: string) => {
  const { body } = await json(`/v1/nodes/${node}/events?limit=1000`);
  const { events: stored } = body as { events: { seq: number }[] };
  return stored.map(({ seq }) => seq);
};

describe('events', () => {
  it('are acknowledged after the commit and stored once however often they come', async () => {
    await withAggregator({}, async (harness) => {
      const agent = await harness.agent('n1');
      expect(await agent.message('welcome')).toMatchObject({
        ackedSeq: 0,
        intervals: { reportMs: 60_000, beatMs: 10_000 },
      });
      agent.send(events(1, 2, 3));
      expect(await agent.message('ack')).toEqual({ type: 'ack', seq: 3 });
      agent.send(events(2, 3, 4));
      expect(await agent.message('ack', 2)).toEqual({ type: 'ack', seq: 4 });
      agent.send(events(1));
      expect(await agent.message('ack', 3)).toEqual({ type: 'ack', seq: 4 });
      expect(await storedSeqs(harness, 'n1')).toEqual([4, 3, 2, 1]);
      expect(await harness.metric('trivet_events_stored_total')).toBe(4);
      expect(await harness.metric('trivet_events_duplicate_total')).toBe(3);
    });
  });

  it('go on from the acknowledged number on the next connection', async () => {
    await withAggregator({}, async ({ agent }) => {
      const first = await agent('n1');
      await first.message('welcome');
      first.send(events(1, 2));
      await first.message('ack');
      first.end();
      expect((await (await agent('n1')).message('welcome')).ackedSeq).toBe(2);
      expect((await (await agent('n2', { streamId: 'stream-n1' })).message('welcome')).ackedSeq).toBe(0);
    });
  });

  it('that the agent no longer has are counted, and the stream goes on', async () => {
    await withAggregator({}, async (harness) => {
      const agent = await harness.agent('n1');
      await agent.message('welcome');
      agent.send(events(5, 6));
      expect((await agent.message('ack')).seq).toBe(6);
      expect(await harness.metric('trivet_events_missing_total')).toBe(4);
      expect(await storedSeqs(harness, 'n1')).toEqual([6, 5]);
    });
  });

  it('behind a gap are not acknowledged; the agent is told to resume', async () => {
    await withAggregator({}, async (harness) => {
      const agent = await harness.agent('n1');
      await agent.message('welcome');
      agent.send(events(1, 3));
      expect(await agent.message('refuse')).toMatchObject({ code: 'sequence-gap', path: '/events/1/seq' });
      expect(await agent.closed()).toBe(4001);
      const again = await harness.agent('n1');
      await until(async () => (await storedSeqs(harness, 'n1')).length === 1, 'event 1');
      expect((await again.message('welcome')).ackedSeq).toBeLessThan(3);
      again.send(events(1, 2, 3));
      expect((await again.message('ack')).seq).toBe(3);
      expect(await storedSeqs(harness, 'n1')).toEqual([3, 2, 1]);
    });
  });
});

describe('reports', () => {
  it('become the row of the node, and findings its history', async () => {
    let now = new Date('2026-11-20T17:00:00.000Z');
    await withAggregator({ now: () => now }, async ({ agent, aggregator, json }) => {
      const socket = await agent('n1');
      await socket.message('welcome');
      socket.send(report('r1', [XID_79]));
      await until(() => aggregator.delivered('n1')?.reportId === 'r1', 'report r1');
      now = new Date('2026-11-20T17:01:00.000Z');
      socket.send(report('r2'));
      await until(() => aggregator.delivered('n1')?.reportId === 'r2', 'report r2');
      const { body } = await json('/v1/nodes/n1');
      expect(body).toMatchObject({
        summary: { verdict: 'healthy', findings: 0, connected: true, receivedAt: '2026-11-20T17:01:00.000Z' },
        telemetry: { node: 'n1', bootId: 'boot-1', findings: [], hardware: { serial: 'S-n1' } },
        findings: [{ finding: { code: 'xid.79' }, lastAssertedAt: '2026-11-20T17:00:00.000Z' }],
      });
      expect(aggregator.delivered('n1')).toEqual({ reportId: 'r2', reports: 2 });
      expect(aggregator.delivered('n2')).toBeNull();
    });
  });
});

describe('what is not valid', () => {
  it('is refused with what, where and how, counted, and changes nothing', async () => {
    await withAggregator({}, async (harness) => {
      const agent = await harness.agent('n1');
      await agent.message('welcome');
      agent.send('{"type":"events","events":[');
      expect(await agent.message('refuse')).toMatchObject({ code: 'not-json' });
      agent.send({ type: 'events', events: [event(1), { ...event(2), seq: -2 }] });
      expect(await agent.message('refuse', 2)).toMatchObject({ code: 'invalid', path: '/events/1/seq' });
      agent.send({ ...report('r1'), findings: [{ ...XID_79, class: 'delicious' }] });
      expect(await agent.message('refuse', 3)).toMatchObject({ code: 'invalid', path: '/findings/0/class' });
      agent.send(events(1));
      expect((await agent.message('ack')).seq).toBe(1);
      expect(await storedSeqs(harness, 'n1')).toEqual([1]);
      expect(harness.aggregator.delivered('n1')).toBeNull();
      expect(await harness.metric('trivet_agent_messages_refused_total{code="invalid"}')).toBe(2);
      expect(await harness.metric('trivet_agent_messages_refused_total{code="not-json"}')).toBe(1);
    });
  });

  it('ends the connection after ten in a row', async () => {
    await withAggregator({}, async ({ agent }) => {
      const socket = await agent('n1');
      await socket.message('welcome');
      for (let sent = 0; sent < 12; sent++) socket.send('nonsense');
      expect(await socket.closed()).toBe(1008);
      expect(socket.received.filter(({ type }) => type === 'refuse')).toHaveLength(10);
    });
  });

  it('is anything before hello, and a second hello', async () => {
    await withAggregator({}, async ({ aggregator, agent }) => {
      const eager = new AgentSocket(aggregator.url);
      await eager.opened();
      eager.send(report('r1'));
      expect(await eager.message('refuse')).toMatchObject({ code: 'hello-first' });
      expect(await eager.closed()).toBe(1008);
      const twice = await agent('n1');
      await twice.message('welcome');
      twice.send(helloOf('n2'));
      expect(await twice.message('refuse')).toMatchObject({ code: 'hello-again' });
      expect(await twice.closed()).toBe(1008);
      expect(aggregator.delivered('n1')).toBeNull();
    });
  });

  it('is not a flood: what comes too fast waits, and nothing of it is lost', async () => {
    await withAggregator({}, async (harness) => {
      const agent = await harness.agent('n1');
      await agent.message('welcome');
      for (let seq = 1; seq <= 600; seq++) agent.send(events(seq));
      await until(() => agent.received.some((message) => message.type === 'ack' && message.seq === 600), 'ack of 600');
      expect(await storedSeqs(harness, 'n1')).toHaveLength(600);
      expect(agent.received.filter(({ type }) => type === 'refuse')).toEqual([]);
    });
  });

  it('is a frame above 1 MiB: the connection ends and it is counted', async () => {
    await withAggregator({}, async ({ agent, metric }) => {
      const socket = await agent('n1');
      await socket.message('welcome');
      socket.send('x'.repeat(1024 * 1024 + 1));
      expect(await socket.closed()).toBe(1009);
      expect(await metric('trivet_agent_messages_refused_total{code="too-large"}')).toBe(1);
    });
  });
});

describe('who may connect', () => {
  it('a second connection for a node takes the place of the first', async () => {
    await withAggregator({}, async ({ agent, metric }) => {
      const first = await agent('n1');
      await first.message('welcome');
      const second = await agent('n1', { agentId: 'another' });
      await second.message('welcome');
      expect(await first.closed()).toBe(4000);
      second.send(events(1));
      expect((await second.message('ack')).seq).toBe(1);
      expect(await metric('trivet_agent_connections_total{outcome="replaced"}')).toBe(1);
      expect(await metric('trivet_agents_connected')).toBe(1);
    });
  });

  it('only with the token, when one is set', async () => {
    const token = 'a-token-of-sixteen-characters';
    await withAggregator({ config: { token } }, async ({ agent, metric }) => {
      expect((await agent('n1')).status).toBe(401);
      expect((await agent('n1', { token: 'wrong' })).status).toBe(401);
      await (await agent('n1', { token })).message('welcome');
      expect(await metric('trivet_agent_connections_total{outcome="unauthorised"}')).toBe(2);
    });
  });

  it('no page of a browser, and not more than the bound', async () => {
    await withAggregator({ config: { connectionsMax: 1 } }, async ({ agent }) => {
      expect((await agent('n1', { origin: 'http://evil.example' })).status).toBe(403);
      await (await agent('n1')).message('welcome');
      expect((await agent('n2')).status).toBe(503);
    });
  });

  it('nobody who is silent for three beats', async () => {
    await withAggregator({ config: { intervals: { reportMs: 1000, beatMs: 100 } } }, async ({ agent }) => {
      const socket = await agent('n1');
      await socket.message('welcome');
      expect(await socket.closed()).toBe(1006);
    });
  });

  it('agents are told when the aggregator stops', async () => {
    await withAggregator({}, async ({ agent, aggregator }) => {
      const socket = await agent('n1');
      await socket.message('welcome');
      await aggregator.stop();
      expect(await socket.closed()).toBe(1001);
    });
  });
});
