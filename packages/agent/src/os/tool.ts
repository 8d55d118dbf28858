/**
 * One program of this machine, for everybody who runs it: never twice at a time, never while a killed run of it still lives, and
 * what did not end by itself is remembered until the program has answered again.
 */
import { runCommand } from './command.ts';
import type { CommandSpec, Run, Survivor } from './command.ts';

/** A run that had to be ended. */
export interface Hang {
  /** When the first of those began that had no answer in between. */
  readonly since: string;
  /** Null when SIGKILL ended it. */
  readonly survivor: Survivor | null;
}

export interface Tool {
  readonly run: Run;
  readonly hung: () => Hang | null;
}

/** By its first argument: one that answers `-q` may hang in `nvlink`, and only that proves that it does not any more. */
function purposeOf({ args }: CommandSpec): string {
  return args[0]?.startsWith('-') === false ? args[0] : '';
}

export function tool(run: Run = runCommand): Tool {
  let running = false;
  const hangs = new Map<string, Hang>();
  const exclusive: Run = async (spec) => {
    if (running) return { kind: 'busy', reason: `${spec.path}: the previous run is not over yet` };
    const living = [...hangs.values()].find(({ survivor }) => survivor?.hasEnded() === false)?.survivor;
    if (living !== undefined && living !== null) {
      const { pid, startedAt } = living;
      return { kind: 'busy', reason: `${spec.path}: the previous run still hangs (pid ${pid}, since ${startedAt})` };
    }
    running = true;
    const startedAt = new Date().toISOString();
    const purpose = purposeOf(spec);
    try {
      const result = await run(spec);
      if (result.kind === 'exited') hangs.delete(purpose);
      const survivor = 'survivor' in result ? result.survivor : null;
      if (result.kind === 'timed-out' || survivor !== null)
        hangs.set(purpose, { since: hangs.get(purpose)?.since ?? startedAt, survivor });
      return result;
    } finally {
      running = false;
    }
  };
  return { run: exclusive, hung: () => hangs.values().next().value ?? null };
}

/** The same, where nobody asks what hangs. */
export function exclusive(run: Run): Run {
  return tool(run).run;
}
