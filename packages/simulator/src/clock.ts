/**
 * The world's clock. It stands still while a pass is prepared and made, and moves by one fixed step between passes; the
 * aggregator is handed `now`, so that received-at times, ages, pass ids and with them every set depend on the seed and the
 * pass number alone, and not on how fast this machine is. Deadlines towards the machine itself (a child that hangs, a node
 * that does not deliver) run on wall time.
 */

/** When every world begins. Any instant would do; a fixed one keeps pass ids equal from run to run. */
export const WORLD_START = new Date('2026-11-20T12:00:00.000Z');

/**
 * Two report intervals of 60 s: a node that misses one pass is still fresh, one that misses two is stale (three intervals),
 * one that misses five is silent (ten minutes), so all three are seen within a demo of a few passes.
 */
export const STEP_MS = 120_000;

export interface WorldClock {
  readonly now: () => Date;
  /** Moves to pass `pass` (1, 2, …); never backwards. */
  moveTo(pass: number): Date;
}

/** Time of pass `pass`; 0 is the start of the aggregator. */
export function passTime(pass: number): Date {
  return new Date(WORLD_START.getTime() + pass * STEP_MS);
}

export function worldClock(): WorldClock {
  let current = WORLD_START;
  return {
    now: () => new Date(current),
    moveTo: (pass) => {
      const next = passTime(pass);
      if (next < current) throw new RangeError(`the world's clock cannot go back to pass ${pass}`);
      current = next;
      return new Date(current);
    },
  };
}
