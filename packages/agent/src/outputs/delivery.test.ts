import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVENTS_MAX } from '@trivet/shared/protocol/limits.ts';
import type { Refuse } from '@trivet/shared/protocol/messages.ts';
import { createLog } from '../log.ts';
import { openOutbox } from '../outbox/open.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { Delivery } from './delivery.ts';

let folder: string;
let outbox: Outbox;
let delivery: Delivery;

function append(events: number, padding = 0): void {
  const body = { padding: 'x'.repeat(padding) };
  for (let n = 0; n < events; n++) outbox.append([{ kind: 'count', at: '2026-11-20T17:00:00.000Z', body }]);
}
function next(): number[] | null {
  return delivery.next()?.map(({ seq }) => seq) ?? null;
}
function refuse(path: string, code = 'invalid'): Refuse {
  return { type: 'refuse', code, path, message: 'why' };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trivet-delivery-'));
  outbox = openOutbox(folder, { node: 'gpu-1', log: createLog({ level: 'error', now: () => 0, write: () => {} }) });
  delivery = new Delivery(outbox);
  delivery.connected(0);
});
afterEach(() => {
  outbox.close();
  rmSync(folder, { recursive: true });
});

describe('Delivery', () => {
  it('has one batch under way, and goes on when all of it is acknowledged', () => {
    append(EVENTS_MAX + 2);
    expect(next()).toHaveLength(EVENTS_MAX);
    expect(next()).toBeNull();
    expect(delivery.acked(3)).toBe(true);
    expect(next()).toBeNull();
    expect(delivery.acked(EVENTS_MAX)).toBe(true);
    expect(next()).toEqual([EVENTS_MAX + 1, EVENTS_MAX + 2]);
  });

  it('believes no acknowledgement of what it has not sent', () => {
    append(2);
    expect(delivery.acked(2)).toBe(false);
    expect(outbox.depth).toBe(2);
    next();
    expect(delivery.acked(3)).toBe(false);
    expect(delivery.acked(2)).toBe(true);
    expect(outbox.depth).toBe(0);
  });

  it('leaves out the event that is refused for ever, also over another connection', () => {
    append(4);
    next();
    expect(delivery.refused(refuse('/events/1/body/a'))?.seq).toBe(2);
    expect(next()).toEqual([1, 3, 4]);
    delivery.connected(0);
    expect(next()).toEqual([1, 3, 4]);
    delivery.acked(4);
    expect(outbox).toMatchObject({ depth: 0, lost: 1 });
  });

  it('is not blocked when every event is refused', () => {
    append(3);
    for (let event = 0; event < 3; event++) {
      next();
      expect(delivery.refused(refuse('/events/0'))).not.toBeNull();
    }
    expect(next()).toBeNull();
    expect(outbox).toMatchObject({ depth: 0, lost: 3 });
  });

  it.each([
    ['for now', refuse('/events/0', 'store-failed')],
    ['a report', refuse('/findings/0/class')],
    ['no event of the batch', refuse('/events/9')],
    ['the whole frame', refuse('/events')],
    ['something alike', refuse('/eventsx/0')],
  ])('drops nothing for a refusal of %s', (_what, refusal) => {
    append(2);
    next();
    expect(delivery.refused(refusal)).toBeNull();
    delivery.connected(0);
    expect(next()).toEqual([1, 2]);
    expect(outbox.lost).toBe(0);
  });

  it('sends smaller batches to a peer that takes less, down to one event', () => {
    append(100, 10_000);
    const sizes = Array.from({ length: 25 }, () => {
      const size = next()?.length ?? 0;
      delivery.connected(0);
      delivery.shrink();
      return size;
    });
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(sizes[0]).toBeGreaterThan(20);
    expect(sizes.at(-1)).toBe(1);
  });

  it('goes on from what the aggregator has', () => {
    append(5);
    delivery.connected(3);
    expect(next()).toEqual([4, 5]);
    expect(outbox.depth).toBe(2);
  });
});
