/** `trivet sets [NAME]`: the sets of a pass with their sizes, or the nodes of one, a name a line. */
import { buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { SourceFlags } from '../pass-source.ts';
import { jsonFlag, SOURCE_FLAGS } from '../source-flags.ts';

export interface SetsFlags extends SourceFlags {
  readonly json: boolean;
}

export const sets = buildCommand<SetsFlags, [string?], CliContext>({
  loader: async () => (await import('./sets-run.ts')).runSets,
  parameters: {
    flags: { ...SOURCE_FLAGS, json: jsonFlag('trivet.sets/v1') },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: String, brief: 'Set to print, for example derived/suspect', placeholder: 'NAME', optional: true },
      ],
    },
  },
  docs: {
    brief: 'List the sets of a pass, or the nodes of one',
    fullDescription: 'Exit status: 0 done, 1 failed or no such set, 64 usage.',
  },
});
