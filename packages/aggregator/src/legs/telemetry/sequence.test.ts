import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '@trivet/shared/protocol/messages.ts';
import { takeEvents } from './sequence.ts';

const event = (seq: number): AgentEvent => ({ seq, kind: 'kernel.xid', at: '2026-11-20T17:00:00.000Z', body: {} });
const take = (last: number, begun: boolean, ...seqs: number[]) => takeEvents({ last, begun }, seqs.map(event));
const seqsOf = (taken: ReturnType<typeof takeEvents>) => taken.fresh.map(({ seq }) => seq);

describe('takeEvents', () => {
  it('takes what follows', () => {
    const taken = take(4, false, 5, 6, 7);
    expect(seqsOf(taken)).toEqual([5, 6, 7]);
    expect(taken).toMatchObject({ position: { last: 7, begun: true }, duplicates: 0, missing: 0, gapAt: null });
  });

  it('counts what was sent again and takes the rest', () => {
    const taken = take(4, false, 3, 4, 5, 5, 6);
    expect(seqsOf(taken)).toEqual([5, 6]);
    expect(taken.duplicates).toBe(3);
  });

  it('counts what the agent no longer has when the first event jumps', () => {
    const taken = take(4, false, 4, 9, 10);
    expect(seqsOf(taken)).toEqual([9, 10]);
    expect(taken).toMatchObject({ position: { last: 10 }, missing: 4, gapAt: null });
  });

  it('takes nothing behind a later jump', () => {
    const taken = take(4, true, 5, 7, 8);
    expect(seqsOf(taken)).toEqual([5]);
    expect(taken).toMatchObject({ position: { last: 5 }, missing: 0, gapAt: 1 });
  });

  it('takes each number at most once, ascending, and without a hole behind the first', () => {
    const messages = fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.nat(20), messages, (acked, sent) => {
        let position = { last: acked, begun: false };
        const fresh: number[] = [];
        let missing = 0;
        for (const seqs of sent) {
          const taken = takeEvents(position, seqs.map(event));
          fresh.push(...seqsOf(taken));
          missing += taken.missing;
          position = taken.position;
        }
        const [first = acked + 1] = fresh;
        expect(fresh).toEqual(fresh.map((_, index) => first + index));
        expect(first).toBe(acked + missing + 1);
        expect(position.last).toBe(acked + missing + fresh.length);
      }),
    );
  });
});
