import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AskAnswer } from '../legs/telemetry/index.ts';
import type { LogFields } from '../log.ts';
import { CheckRuns, type CheckRun } from './check-runs.ts';

let waiting: { node: string; answer: (answer: AskAnswer) => void }[];
let outcomes: string[];
let logged: { event: string; fields: LogFields }[];
let runs: CheckRuns;
beforeEach(() => {
  [waiting, outcomes, logged] = [[], [], []];
  const note = (event: string, fields: LogFields = {}) => void logged.push({ event, fields });
  runs = new CheckRuns({
    receiver: { ask: (node) => new Promise((answer) => void waiting.push({ node, answer })) },
    meter: { ran: (outcome) => outcomes.push(outcome) },
    log: { info: note, warn: note, error: note },
  });
});

function runOf(nodes: number, rest: Partial<CheckRun> = {}): CheckRun {
  const targets = Array.from({ length: nodes }, (_, index) => ({ node: `n${index}`, agents: [`n${index}`] }));
  const by = { admission: 'token', peer: '192.0.2.7' };
  return { check: 'report', targets, timeoutMs: 1000, concurrency: 2, by, ...rest };
}
const ok: AskAnswer = { state: 'ok', text: '', ms: 1 };

async function answerAll(answer: AskAnswer = ok): Promise<void> {
  for (const asked of waiting.splice(0)) asked.answer(answer);
  await turn();
}
async function readAll(lines: PassThrough): Promise<unknown[]> {
  let text = '';
  for await (const chunk of lines) text += String(chunk);
  return text
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

describe('a run of a check', () => {
  it('says how many are meant, each answer, and what they come to; and leaves a trace of who asked', async () => {
    const read = readAll(runs.start(runOf(3)));
    await turn();
    expect(waiting.map(({ node }) => node)).toEqual(['n0', 'n1']);
    await answerAll({ state: 'failed', text: 'fault: x', ms: 7 });
    await answerAll();
    expect(await read).toEqual([
      { kind: 'begun', check: 'report', nodes: 3 },
      { kind: 'result', node: 'n0', state: 'failed', text: 'fault: x', ms: 7 },
      { kind: 'result', node: 'n1', state: 'failed', text: 'fault: x', ms: 7 },
      { kind: 'result', node: 'n2', state: 'ok', text: '', ms: 1 },
      { kind: 'summary', ok: 1, failed: 2, unknown: 0, notAsked: 0, ms: expect.any(Number) },
    ]);
    expect(outcomes).toEqual(['done']);
    const who = { admission: 'token', peer: '192.0.2.7', check: 'report' };
    expect(logged).toEqual([
      { event: 'checks.run', fields: { ...who, nodes: 3, timeoutMs: 1000, concurrency: 2 } },
      { event: 'checks.ran', fields: expect.objectContaining({ ...who, outcome: 'done', ok: 1, failed: 2 }) },
    ]);
  });

  it('does not ask when two agents are meant by one name', async () => {
    const targets = [{ node: 'n', agents: ['n.a.example', 'n.b.example'] }];
    const lines = await readAll(runs.start(runOf(0, { targets })));
    expect(lines[1]).toMatchObject({ node: 'n', state: 'unknown', text: expect.stringContaining('n.a.example') });
    expect(waiting).toEqual([]);
  });

  it('of nobody is over at once', async () => {
    expect(await readAll(runs.start(runOf(0)))).toHaveLength(2);
  });

  it('asks nobody more when its reader has gone, and keeps its place until those asked are done', async () => {
    const all = [runs.start(runOf(9)), runs.start(runOf(9)), runs.start(runOf(9)), runs.start(runOf(9))];
    await turn();
    expect(waiting).toHaveLength(8);
    for (const lines of all) lines.destroy();
    await turn();
    expect(() => runs.start(runOf(1))).toThrow(expect.objectContaining({ code: 'checks.busy', status: 429 }));
    await answerAll();
    expect(waiting).toEqual([]);
    expect(outcomes).toEqual(['busy', 'gone', 'gone', 'gone', 'gone']);
    runs.start(runOf(1)).resume();
    await turn();
    expect(waiting).toHaveLength(1);
  });

  it('waits for a reader who is slow', async () => {
    const lines = runs.start(runOf(1_000));
    const text = 'x'.repeat(4_000);
    // Nobody reads: some answers fit into the stream, then no more nodes are asked.
    for (let round = 0; round < 100; round++) {
      await turn();
      await answerAll({ state: 'ok', text, ms: 1 });
    }
    expect(waiting).toEqual([]);
    const answered = lines.readableLength + lines.writableLength;
    expect(answered).toBeLessThan(50 * text.length);
    lines.resume();
    await turn();
    await turn();
    expect(waiting.length).toBeGreaterThan(0);
    lines.destroy();
    await once(lines, 'close');
    await answerAll();
  });
});
