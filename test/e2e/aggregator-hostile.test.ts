/** What peers and machines do to the aggregator: sockets that never close, a process that stood still. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withAggregator } from './aggregator-harness.ts';

it.each(['/nowhere', '/v1/agents/socket'])(
  'an upgrade of %s that is refused does not keep its socket',
  async (path) => {
    await withAggregator({ config: { token: 'a-token-of-sixteen-characters' } }, async ({ aggregator }) => {
      const socket = connect({ port: Number(new URL(aggregator.url).port), host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13';
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`);
      await once(socket.resume(), 'end');
      // This end stays open and goes on sending; only a peer that closed its own answers with a reset.
      const end = Date.now() + 5_000;
      while (!socket.destroyed && Date.now() < end) {
        socket.write('x');
        await sleep(10);
      }
      expect(socket.destroyed).toBe(true);
    });
  },
);

it('agents that spoke while the process stood still are not taken for silent', async () => {
  const intervals = { reportMs: 1000, beatMs: 100 };
  await withAggregator({ config: { intervals } }, async ({ agent }) => {
    const socket = await agent('n1');
    await socket.message('welcome');
    const end = performance.now() + 5 * intervals.beatMs;
    while (performance.now() < end);
    socket.send({ type: 'events', events: [{ seq: 1, kind: 'k', at: '2026-11-20T17:00:00.000Z', body: {} }] });
    expect((await socket.message('ack')).seq).toBe(1);
  });
});
