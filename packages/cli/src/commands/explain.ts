/** `trivet explain NODE`: why (not) this node, in the words and numbers of a pass. */
import { buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { SourceFlags } from '../pass-source.ts';
import { jsonFlag, SOURCE_FLAGS } from '../source-flags.ts';

export interface ExplainFlags extends SourceFlags {
  readonly json: boolean;
}

export const explain = buildCommand<ExplainFlags, [string], CliContext>({
  loader: async () => (await import('./explain-run.ts')).runExplain,
  parameters: {
    flags: { ...SOURCE_FLAGS, json: jsonFlag('trivet.explain/v1') },
    positional: { kind: 'tuple', parameters: [{ parse: String, brief: 'Name of the node', placeholder: 'NODE' }] },
  },
  docs: {
    brief: 'Say why a node is or is not drained',
    fullDescription: [
      'The decision in one sentence, every refusal with its numbers and who uses the limit, every set the node is in,',
      'and what the three legs said of it, with their ages. Exit status: 0 done, 1 failed or node not known, 64 usage.',
    ].join('\n'),
  },
});
