import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';
import type { Level } from './log.ts';

function capture(level: Level) {
  const clock = { now: 0 };
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ level, now: () => clock.now, write: (line) => lines.push(JSON.parse(line)) });
  return { clock, lines, log };
}

describe('createLog', () => {
  it('writes one object a line, with time, level and fields', () => {
    const { lines, log } = capture('info');
    log.warn('a\nb', { gpu: 'x"y' });
    expect(lines).toEqual([{ time: '1970-01-01T00:00:00.000Z', level: 'warn', message: 'a\nb', gpu: 'x"y' }]);
  });

  it('leaves out what is below its level', () => {
    const { lines, log } = capture('warn');
    log.debug('a');
    log.info('b');
    log.error('c');
    expect(lines.map(({ message }) => message)).toEqual(['c']);
  });

  it('cuts long text', () => {
    const { lines, log } = capture('info');
    log.info('x'.repeat(100_000));
    expect(String(lines[0]?.['message']).length).toBeLessThan(3000);
  });

  it('bounds a repeating fault and says how many lines it left out', () => {
    const { clock, lines, log } = capture('info');
    for (let i = 0; i < 1000; i++) log.error('again');
    const first = lines.length;
    expect(first).toBeLessThan(1000);
    clock.now += 60_000;
    log.error('later');
    expect(lines.at(-1)).toMatchObject({ message: 'later', suppressed: 1000 - first });
  });
});
