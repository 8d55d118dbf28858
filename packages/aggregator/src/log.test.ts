import { expect, it } from 'vitest';
import { createLog } from './log.ts';

it('is one JSON object a line, whatever is logged, and cuts what is long', () => {
  const lines: string[] = [];
  const log = createLog(
    (line) => lines.push(line),
    () => new Date(0),
  );
  log.warn('agent.refused', {
    node: 'n1',
    message: 'two\nlines "quoted"',
    long: 'x'.repeat(5_000),
    count: 3,
    none: null,
  });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    level: 'warn',
    event: 'agent.refused',
    node: 'n1',
    message: 'two\nlines "quoted"',
    long: `${'x'.repeat(2_000)}…`,
    count: 3,
    none: null,
  });
});
