/** What a command gets: the two streams, the environment, and where to put the exit status. */
import type { CommandContext, StricliProcess } from '@stricli/core';

export interface CliContext extends CommandContext {
  readonly process: StricliProcess;
}
