import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EMPTY_STATE } from './core/state.ts';
import { createLog } from './log.ts';
import { startPassLoop, type PassLoop } from './pass-loop.ts';
import type { PassOutcome } from './passes/index.ts';

const outcome = (id: string): PassOutcome => ({
  id,
  folder: `/passes/${id}`,
  summary: '',
  outcome: 'nothing-to-do',
  state: EMPTY_STATE,
  setSizes: {},
  planned: 0,
  refusals: {},
  headroom: 0,
  legAgesSeconds: {},
  legErrors: {},
  durationMs: 1,
});

function loopOf(run: () => Promise<PassOutcome>, intervalMs: number | null = null) {
  const lines: string[] = [];
  const passed: string[] = [];
  const failed: unknown[] = [];
  const log = createLog(
    (line) => lines.push(line),
    () => new Date(0),
  );
  const loop: PassLoop = startPassLoop({
    run,
    passed: ({ id }) => passed.push(id),
    failed: (error) => failed.push(error),
    intervalMs,
    log,
  });
  return { loop, lines, passed, failed };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited too long');
    await sleep(5);
  }
}

describe('pass loop', () => {
  it('never runs two passes at once', async () => {
    let running = 0;
    let most = 0;
    let count = 0;
    const { loop, passed } = loopOf(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      running -= 1;
      count += 1;
      return outcome(`p${count}`);
    });
    await Promise.all([loop.runOnce(), loop.runOnce(), loop.runOnce()]);
    expect(most).toBe(1);
    expect(passed).toEqual(['p1', 'p2', 'p3']);
    await loop.stop();
  });

  it('logs and reports a pass that throws, and goes on', async () => {
    let fail = true;
    const { loop, lines, passed, failed } = loopOf(async () => {
      if (fail) throw new Error('inventory exploded');
      return outcome('good');
    });
    await expect(loop.runOnce()).rejects.toThrow('inventory exploded');
    fail = false;
    await loop.runOnce();
    expect(failed).toHaveLength(1);
    expect(lines.join('')).toContain('inventory exploded');
    expect(passed).toEqual(['good']);
    await loop.stop();
  });

  it('runs by itself each interval, and leaves out turns while a pass is running', async () => {
    let release: () => void = () => undefined;
    let begun = 0;
    const { loop, lines } = loopOf(async () => {
      begun += 1;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return outcome(`p${begun}`);
    }, 5);
    await until(() => lines.some((line) => line.includes('pass.late')));
    expect(begun).toBe(1);
    release();
    await until(() => begun === 2);
    const stopped = loop.stop();
    release();
    await stopped;
  });

  it('begins nothing after stop, which waits for the running pass', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { loop, passed } = loopOf(async () => {
      begun.resolve();
      await gate.promise;
      return outcome('last');
    });
    const last = loop.runOnce();
    await begun.promise;
    const late = loop.runOnce();
    const stopped = loop.stop();
    gate.resolve();
    await expect(late).rejects.toThrow('stopping');
    await stopped;
    await expect(last).resolves.toMatchObject({ id: 'last' });
    expect(passed).toEqual(['last']);
  });
});
