import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ResultMessage } from '@trivet/shared/protocol/messages.ts';
import { Asks, type Askable } from './asks.ts';
import type { AskOutcome } from './meter.ts';

let outcomes: AskOutcome[];
let stray: number;
let asks: Asks;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  outcomes = [];
  stray = 0;
  asks = new Asks({ asked: (outcome) => outcomes.push(outcome), strayResult: () => (stray += 1) }, Date.now);
});
afterEach(() => vi.useRealTimers());

class FakeAgent implements Askable {
  readonly asked: { askId: string; check: string }[] = [];
  ask(askId: string, check: string): void {
    this.asked.push({ askId, check });
  }
  get lastId(): string {
    return this.asked.at(-1)?.askId ?? '';
  }
}
const question = { check: 'report', timeoutMs: 30_000 };
function result(askId: string, state: ResultMessage['state'] = 'ok'): ResultMessage {
  return { type: 'result', askId, state, text: `said ${state}` };
}

describe('questions to agents', () => {
  it.each(['ok', 'failed', 'unknown'] as const)('end with what the agent says: %s', async (state) => {
    const agent = new FakeAgent();
    const answer = asks.ask(agent, question);
    expect(agent.asked).toEqual([{ askId: expect.any(String), check: 'report' }]);
    vi.advanceTimersByTime(250);
    asks.answered(agent, result(agent.lastId, state));
    expect(await answer).toEqual({ state, text: `said ${state}`, ms: 250 });
    expect(outcomes).toEqual([state]);
    expect(asks.pending).toBe(0);
  });

  it('are answered by nobody but the connection that was asked', async () => {
    const [agent, other] = [new FakeAgent(), new FakeAgent()];
    const answer = asks.ask(agent, question);
    asks.answered(other, result(agent.lastId));
    asks.answered(agent, result('another id'));
    expect(stray).toBe(2);
    expect(asks.pending).toBe(1);
    asks.answered(agent, result(agent.lastId, 'failed'));
    asks.answered(agent, result(agent.lastId, 'ok'));
    expect((await answer).state).toBe('failed');
    expect(stray).toBe(3);
  });

  it('are unknown when no answer comes in time, and then answered by nobody', async () => {
    const agent = new FakeAgent();
    const answer = asks.ask(agent, question);
    vi.advanceTimersByTime(30_000);
    expect(await answer).toEqual({ state: 'unknown', text: 'no answer within 30 s', ms: 30_000 });
    asks.answered(agent, result(agent.lastId));
    expect({ stray, outcomes }).toEqual({ stray: 1, outcomes: ['timed-out'] });
  });

  it('are unknown when the connection ends, of that agent alone', async () => {
    const [leaving, staying] = [new FakeAgent(), new FakeAgent()];
    const [lost, kept] = [asks.ask(leaving, question), asks.ask(staying, question)];
    asks.left(leaving);
    expect(await lost).toMatchObject({ state: 'unknown', text: 'its connection ended before it answered' });
    asks.answered(staying, result(staying.lastId));
    expect(await kept).toMatchObject({ state: 'ok' });
    expect(outcomes).toEqual(['disconnected', 'ok']);
  });

  it('are unknown at once where no agent is connected', async () => {
    expect(await asks.ask(undefined, question)).toEqual({
      state: 'unknown',
      text: 'its agent is not connected',
      ms: 0,
    });
    expect(outcomes).toEqual(['not-connected']);
  });

  it('are not asked beyond the bound, and again when there is room', async () => {
    const agent = new FakeAgent();
    const answers: Promise<unknown>[] = [];
    while (asks.pending < 1_024) answers.push(asks.ask(agent, question));
    expect(await asks.ask(agent, question)).toMatchObject({ state: 'unknown', text: expect.stringContaining('1024') });
    expect(agent.asked).toHaveLength(1_024);
    asks.left(agent);
    await Promise.all(answers);
    const later = asks.ask(agent, question);
    asks.answered(agent, result(agent.lastId));
    expect(await later).toMatchObject({ state: 'ok' });
  });
});
