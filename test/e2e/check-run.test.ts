/** `POST /v1/checks/run` and `trivet run` over a real server: agents' sockets that answer, are slow, leave, or lie. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { checkLine, type CheckLine } from '@trivet/aggregator/api/check-lines.ts';
import { until, withAggregator, type AgentSocket, type Harness } from './aggregator-harness.ts';

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');
const TOKEN = 'a-token-of-sixteen-characters';

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}
async function post({ aggregator }: Harness, body: unknown, headers: Record<string, string> = {}): Promise<Answered> {
  const response = await fetch(`${aggregator.url}/v1/checks/run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
function linesOf({ text }: Answered): CheckLine[] {
  return text
    .trim()
    .split('\n')
    .map((line) => checkLine.parse(JSON.parse(line)));
}
function resultsOf(answered: Answered): Record<string, string> {
  const lines = linesOf(answered);
  return Object.fromEntries(
    lines.flatMap((line) => (line.kind === 'result' ? [[line.node, `${line.state}: ${line.text}`]] : [])),
  );
}
async function welcomed({ agent }: Harness, ...nodes: string[]): Promise<AgentSocket[]> {
  const sockets: AgentSocket[] = [];
  for (const node of nodes) {
    const socket = await agent(node);
    await socket.message('welcome');
    sockets.push(socket);
  }
  return sockets;
}
async function answer(socket: AgentSocket | undefined, state: string, text: string): Promise<void> {
  const { askId } = (await socket?.message('ask')) ?? { askId: '' };
  socket?.send({ type: 'result', askId, state, text });
}
async function trivet(harness: Harness, ...args: readonly string[]) {
  const run = execa(process.execPath, [MAIN, 'run', ...args, '--server', harness.aggregator.url], {
    reject: false,
    timeout: 50_000,
  });
  const { exitCode, stdout, stderr } = await run;
  return { exitCode, stdout, stderr };
}

describe('a check on nodes', () => {
  it('is asked of those named, each once, and their answers come with a summary', async () => {
    await withAggregator({}, async (harness) => {
      const [one, two, three] = await welcomed(harness, 'n1', 'n2', 'n3');
      const asked = post(harness, { check: 'disk', nodes: ['n1', 'n2', 'n2', 'absent'], timeoutMs: 20_000 });
      expect(await one?.message('ask')).toMatchObject({ check: 'disk' });
      await answer(one, 'ok', 'fine');
      await answer(two, 'failed', 'fault: full');
      const answered = await asked;
      expect(answered.status).toBe(200);
      expect(answered.headers.get('content-type')).toBe('application/x-ndjson');
      expect(resultsOf(answered)).toEqual({
        n1: 'ok: fine',
        n2: 'failed: fault: full',
        absent: 'unknown: its agent is not connected',
      });
      const lines = linesOf(answered);
      expect(lines[0]).toEqual({ kind: 'begun', check: 'disk', nodes: 3 });
      expect(lines.at(-1)).toMatchObject({ kind: 'summary', ok: 1, failed: 1, unknown: 1, notAsked: 0 });
      expect(two?.received.filter(({ type }) => type === 'ask')).toHaveLength(1);
      expect(three?.received.filter(({ type }) => type === 'ask')).toEqual([]);
      expect(await harness.metric('trivet_asks_total{outcome="not-connected"}')).toBe(1);
      expect(await harness.metric('trivet_check_runs_total{outcome="done"}')).toBe(1);
      const trace = harness.log.filter((line) => line.includes('"checks.run"'));
      expect(trace).toHaveLength(1);
      expect(JSON.parse(trace[0] ?? '')).toMatchObject({
        admission: 'loopback',
        peer: '127.0.0.1',
        check: 'disk',
        nodes: 3,
      });
    });
  });

  it('is unknown for one that is silent or leaves, and no other agent can answer for it', async () => {
    await withAggregator({}, async (harness) => {
      const [silent, leaving, liar] = await welcomed(harness, 'silent', 'leaving', 'liar');
      const asked = post(harness, { check: 'disk', nodes: ['silent', 'leaving'], timeoutMs: 1_000 });
      const { askId } = (await silent?.message('ask')) ?? { askId: '' };
      liar?.send({ type: 'result', askId, state: 'ok', text: 'I am silent' });
      await leaving?.message('ask');
      leaving?.end();
      expect(resultsOf(await asked)).toEqual({
        silent: 'unknown: no answer within 1 s',
        leaving: 'unknown: its connection ended before it answered',
      });
      silent?.send({ type: 'result', askId, state: 'ok', text: 'late' });
      await until(async () => (await harness.metric('trivet_ask_results_ignored_total')) === 2, 'two ignored results');
      expect(liar?.closeCode).toBeNull();
      expect(await harness.metric('trivet_asks_pending')).toBe(0);
    });
  });

  it('is asked of no more nodes at once than wanted', async () => {
    await withAggregator({}, async (harness) => {
      const sockets = await welcomed(harness, 'n1', 'n2', 'n3', 'n4', 'n5');
      const asked = post(harness, { check: 'disk', nodes: 'all', concurrency: 2, timeoutMs: 20_000 });
      const isAsked = (socket: AgentSocket) => socket.received.some(({ type }) => type === 'ask');
      for (let answered = 0; answered < sockets.length; answered++) {
        const expected = Math.min(answered + 2, sockets.length);
        await until(() => sockets.filter(isAsked).length === expected, `${expected} asked`);
        expect(await harness.metric('trivet_asks_pending')).toBe(expected - answered);
        await answer(sockets[answered], 'ok', '');
      }
      expect(Object.keys(resultsOf(await asked))).toHaveLength(5);
    });
  });

  it('is asked of nobody more when whoever asked has gone', async () => {
    await withAggregator({}, async (harness) => {
      const [one, two] = await welcomed(harness, 'n1', 'n2');
      const gone = new AbortController();
      const body = JSON.stringify({ check: 'disk', nodes: ['n1', 'n2'], concurrency: 1, timeoutMs: 20_000 });
      const headers = { 'content-type': 'application/json' };
      const url = `${harness.aggregator.url}/v1/checks/run`;
      const asked = fetch(url, { method: 'POST', headers, body, signal: gone.signal });
      await one?.message('ask');
      await asked;
      gone.abort();
      await until(() => harness.log.some((line) => line.includes('"checks.gone"')), 'the aggregator to see it');
      await answer(one, 'ok', '');
      await until(async () => (await harness.metric('trivet_check_runs_total{outcome="gone"}')) === 1, 'the end');
      expect(two?.received.filter(({ type }) => type === 'ask')).toEqual([]);
    });
  });

  it('finds an agent under the name that it has without its domain', async () => {
    await withAggregator({ config: { stripDomains: ['sjc.example', 'fra.example'] } }, async (harness) => {
      const [one] = await welcomed(harness, 'n1.sjc.example', 'n2.sjc.example', 'n2.fra.example');
      const asked = post(harness, { check: 'disk', nodes: ['n1', 'n2'] });
      await answer(one, 'ok', 'fine');
      expect(resultsOf(await asked)).toEqual({ n1: 'ok: fine', n2: expect.stringContaining('several agents') });
    });
  });

  it('takes the nodes of a set of the last pass', async () => {
    await withAggregator({ inventory: [], cluster: [] }, async (harness) => {
      expect((await post(harness, { check: 'disk', nodes: 'derived/suspect' })).status).toBe(404);
      await harness.aggregator.runPass();
      expect(linesOf(await post(harness, { check: 'disk', nodes: 'derived/suspect' }))[0]).toMatchObject({ nodes: 0 });
      expect((await post(harness, { check: 'disk', nodes: 'no/such' })).status).toBe(404);
    });
  });
});

describe('who may', () => {
  it('without a token: programs on the host, no page of a browser and nobody behind a proxy', async () => {
    await withAggregator({}, async (harness) => {
      const body = { check: 'disk', nodes: ['n1'] };
      expect((await post(harness, body)).status).toBe(200);
      expect((await post(harness, body, { origin: harness.aggregator.url })).status).toBe(403);
      expect((await post(harness, body, { 'x-forwarded-for': '192.0.2.7' })).status).toBe(403);
    });
  });

  it('with a token: only with it, and the token of the agents is another', async () => {
    await withAggregator({ config: { apiToken: TOKEN, token: `${TOKEN}-of-agents` } }, async (harness) => {
      const body = { check: 'disk', nodes: ['n1'] };
      const refused = await post(harness, body);
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect((await post(harness, body, { authorization: `Bearer ${TOKEN}-of-agents` })).status).toBe(401);
      expect((await post(harness, 'not even JSON', { authorization: 'Bearer wrong' })).status).toBe(401);
      expect((await post(harness, body, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
      expect(harness.log.join('')).not.toContain(TOKEN);
    });
  });

  it.each([
    ['a path', { check: '../disk', nodes: ['n1'] }],
    ['a command', { check: 'disk;rm', nodes: ['n1'] }],
    ['nothing', { check: '', nodes: ['n1'] }],
    ['a name that is too long', { check: 'x'.repeat(64), nodes: ['n1'] }],
    ['no nodes', { check: 'disk', nodes: [] }],
    ['what is no node', { check: 'disk', nodes: ['N1'] }],
    ['what is no set', { check: 'disk', nodes: '../../etc/passwd' }],
    ['too many nodes', { check: 'disk', nodes: Array.from({ length: 5_001 }, (_, index) => `n${index}`) }],
    ['too much at once', { check: 'disk', nodes: ['n1'], concurrency: 1_000 }],
    ['a wait without end', { check: 'disk', nodes: ['n1'], timeoutMs: 1e9 }],
    ['more than it knows', { check: 'disk', nodes: ['n1'], args: ['--force'] }],
    ['a body that is none', '{"check":'],
  ])('is refused: %s', async (_what, body) => {
    await withAggregator({}, async (harness) => {
      const [one] = await welcomed(harness, 'n1');
      const { status, text } = await post(harness, body);
      expect(status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({
        error: { code: 'request.invalid', message: expect.stringMatching(/\S/) },
      });
      expect(one?.received.filter(({ type }) => type === 'ask')).toEqual([]);
    });
  });
});

describe('trivet run', () => {
  it('prints what each node says; 0 when all are ok, else 1', async () => {
    await withAggregator({}, async (harness) => {
      const [one, two] = await welcomed(harness, 'n1', 'n2');
      const good = trivet(harness, 'disk', '--nodes', 'n1');
      await answer(one, 'ok', 'fine\u001b[2J');
      expect(await good).toEqual({ exitCode: 0, stderr: '', stdout: expect.stringContaining('fine\\x1b[2J') });
      const mixed = trivet(harness, 'disk', '--nodes', 'n2,absent', '--json', '--timeout', '20s');
      await answer(two, 'failed', 'fault: full');
      const { exitCode, stdout } = await mixed;
      expect(exitCode).toBe(1);
      expect(JSON.parse(stdout)).toEqual({
        schema: 'trivet.run/v1',
        check: 'disk',
        results: [
          { node: 'absent', state: 'unknown', text: 'its agent is not connected', ms: 0 },
          { node: 'n2', state: 'failed', text: 'fault: full', ms: expect.any(Number) },
        ],
        counts: { ok: 0, failed: 1, unknown: 1 },
        problem: null,
      });
    });
  });

  it('is 1 when nobody was asked, or the aggregator ends in the middle', async () => {
    await withAggregator({}, async (harness) => {
      const nobody = await trivet(harness, 'disk', '--all');
      expect(nobody).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('nobody was asked') });
      const [one] = await welcomed(harness, 'n1');
      const asked = trivet(harness, 'disk', '--all');
      await one?.message('ask');
      await harness.aggregator.stop();
      expect((await asked).exitCode).toBe(1);
    });
  });

  it('is 2 when it is refused, 64 when it is wrong', async () => {
    await withAggregator({ config: { apiToken: TOKEN } }, async (harness) => {
      const file = join(harness.dir, 'token');
      writeFileSync(file, `${TOKEN}\n`);
      expect(await trivet(harness, 'disk', '--nodes', 'n1')).toMatchObject({
        exitCode: 2,
        stdout: '',
        stderr: expect.stringContaining('--token-file'),
      });
      expect(await trivet(harness, 'disk', '--nodes', 'n1', '--token-file', file)).toMatchObject({ exitCode: 1 });
      for (const wrong of [
        ['disk'],
        ['disk', '--all', '--nodes', 'n1'],
        ['../disk', '--all'],
        ['disk', '--nodes', 'N1'],
        ['disk', '--set', 'suspect'],
        ['disk', '--all', '--token-file', `${file}-not`],
      ])
        expect(await trivet(harness, ...wrong)).toMatchObject({ exitCode: 64, stdout: '' });
    });
  });
});
