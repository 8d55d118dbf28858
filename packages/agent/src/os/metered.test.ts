import { expect, it } from 'vitest';
import type { CommandResult } from './command.ts';
import { metered } from './metered.ts';

it('counts the bytes of every run, also of one that was ended', async () => {
  const results: CommandResult[] = [
    { kind: 'exited', code: 0, signal: null, stdout: 'é', stderr: '12' },
    { kind: 'timed-out', stdout: '123', survivor: null },
    { kind: 'not-found', reason: 'none' },
  ];
  const meter = metered(async () => results.shift() ?? { kind: 'failed', reason: 'no more' });
  const spec = { path: 'tool', args: [], timeoutMs: 1 };
  for (const printed of [4, 7, 7]) {
    await meter.run(spec);
    expect(meter.printedBytes()).toBe(printed);
  }
});
