/** Counts what a tool prints, in all its runs. */
import type { Run } from './command.ts';

export interface Meter {
  readonly run: Run;
  readonly printedBytes: () => number;
}

export function metered(run: Run): Meter {
  let printedBytes = 0;
  return {
    run: async (spec) => {
      const result = await run(spec);
      if ('stdout' in result) printedBytes += Buffer.byteLength(result.stdout);
      if (result.kind === 'exited') printedBytes += Buffer.byteLength(result.stderr);
      return result;
    },
    printedBytes: () => printedBytes,
  };
}
