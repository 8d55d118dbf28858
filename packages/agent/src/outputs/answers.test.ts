import { describe, expect, it } from 'vitest';
import { TEXT_MAX } from '@trivet/shared/protocol/limits.ts';
import { Answers, type Answer } from './answers.ts';

const ask = { type: 'ask', askId: 'q1', check: 'report' } as const;
const ok: Answer = { state: 'ok', text: 'fine' };

describe('answers to questions', () => {
  it('carry the id of the question', async () => {
    expect(await new Answers(() => Promise.resolve(ok)).to(ask)).toEqual({ type: 'result', askId: 'q1', ...ok });
  });

  it('are as long as the protocol allows', async () => {
    const long = new Answers(() => Promise.resolve({ state: 'ok', text: 'x'.repeat(2 * TEXT_MAX) }));
    expect((await long.to(ask)).text).toHaveLength(TEXT_MAX);
  });

  it('are unknown when there is none: it failed, or it takes too long', async () => {
    const failing = new Answers(() => Promise.reject(new Error('broken')));
    expect(await failing.to(ask)).toMatchObject({ state: 'unknown', text: 'broken' });
    const silent = new Answers(() => new Promise(() => undefined), 10);
    expect(await silent.to(ask)).toMatchObject({ state: 'unknown', text: 'no answer within 0.01 s' });
  });

  it('are few at once; one that is late still counts', async () => {
    const open: ((answer: Answer) => void)[] = [];
    const slow = new Answers(() => new Promise((resolve) => open.push(resolve)), 10);
    const late = [slow.to(ask), slow.to(ask), slow.to(ask), slow.to(ask)];
    await Promise.all(late);
    expect(await slow.to(ask)).toMatchObject({ state: 'unknown', text: expect.stringContaining('too many') });
    for (const answer of open) answer(ok);
    await new Promise((resolve) => setImmediate(resolve));
    const next = slow.to(ask);
    open.at(-1)?.(ok);
    expect(await next).toMatchObject({ state: 'ok' });
  });
});
