import { expect, it } from 'vitest';
import type { InventoryRow, Observation } from '@trivet/shared/model/observation.ts';
import { withDeadline } from './deadline.ts';

const answer: Observation<InventoryRow> = {
  leg: 'inventory',
  cluster: 'c',
  observedAt: '2026-11-20T17:00:00.000Z',
  complete: true,
  errors: [],
  rows: [],
};

it('a leg that does not answer is incomplete and says so; it is not asked again until it has answered', async () => {
  const gate = Promise.withResolvers<Observation<InventoryRow>>();
  let asked = 0;
  const observe = (): Promise<Observation<InventoryRow>> => {
    asked += 1;
    return gate.promise;
  };
  const reader = withDeadline('inventory', { name: 'slow', observe }, 20);
  expect(await reader.observe('c')).toMatchObject({
    complete: false,
    rows: [],
    errors: [{ code: 'inventory.deadline', where: 'slow', message: expect.stringContaining('within 0.02 s') }],
  });
  expect(await reader.observe('c')).toMatchObject({
    complete: false,
    errors: [{ message: expect.stringContaining('earlier read') }],
  });
  expect(asked).toBe(1);
  gate.resolve(answer);
  await gate.promise;
  expect(await reader.observe('c')).toEqual(answer);
  expect(asked).toBe(2);
});
