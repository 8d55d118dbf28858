/** How commands end. `check` has a scale of its own (the verdict), see `commands/check-run.ts`. */

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_REFUSED = 2;
/** EX_USAGE of sysexits.h: a wrong flag must never look like a verdict. */
export const EXIT_USAGE = 64;

/** The command line is wrong in a way that only the command can see. Its message is what the user reads. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
