/** `trivet run CHECK`: runs one named check on many nodes now, through the aggregator that their agents are connected to. */
import { buildCommand } from '@stricli/core';
import { NODE_NAME, NODE_NAME_RULE } from '@trivet/shared/protocol/limits.ts';
import type { CliContext } from '../context.ts';
import { jsonFlag, SOURCE_FLAGS } from '../source-flags.ts';
import { wholeNumber } from '../whole-number.ts';

export interface RunFlags {
  readonly nodes?: readonly string[];
  readonly all: boolean;
  readonly set?: string;
  readonly timeout: number;
  readonly concurrency: number;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly json: boolean;
}

/** The bounds of the aggregator (`POST /v1/checks/run`); a typing error is told before anybody is asked. */
const TIMEOUT_MAX_S = 300;
const CONCURRENCY_MAX = 128;

/** `a,b,c`, each a node name. */
function nodeList(input: string): readonly string[] {
  const names = input.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !NODE_NAME.test(name));
  if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} is not a node name (${NODE_NAME_RULE})`);
  return names;
}

/** `30` or `30s`. */
function seconds(input: string): number {
  return wholeNumber(1, TIMEOUT_MAX_S)(input.replace(/(?<=\d)s$/, ''));
}

const parsed = { kind: 'parsed', parse: String } as const;

export const run = buildCommand<RunFlags, [string], CliContext>({
  loader: async () => (await import('./run-run.ts')).runOnNodes,
  parameters: {
    flags: {
      nodes: { ...parsed, parse: nodeList, placeholder: 'A,B', brief: 'Nodes to ask, by name', optional: true },
      all: {
        kind: 'boolean',
        brief: 'Ask every node that ever reported (one that is silent is unknown)',
        default: false,
        withNegated: false,
      },
      set: { ...parsed, placeholder: 'SET', brief: 'Ask the nodes of this set of the last pass', optional: true },
      timeout: {
        ...parsed,
        parse: seconds,
        placeholder: 'SECONDS',
        brief: 'How long each node may take',
        default: '35',
      },
      concurrency: {
        ...parsed,
        parse: wholeNumber(1, CONCURRENCY_MAX),
        placeholder: 'N',
        brief: 'How many nodes are asked at once',
        default: '32',
      },
      server: SOURCE_FLAGS.server,
      tokenFile: {
        ...parsed,
        placeholder: 'FILE',
        brief: "File with the token of the aggregator's API (default $TRIVET_API_TOKEN_FILE)",
        optional: true,
      },
      json: jsonFlag('trivet.run/v1'),
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'Name of the check; `report` takes a fresh report', placeholder: 'CHECK' }],
    },
  },
  docs: {
    brief: 'Run a check on many nodes now',
    fullDescription: [
      'Asks the agents of the nodes to run a check that is configured there (docs/site-checks.md) and prints what each',
      'says. Give exactly one of --nodes, --all and --set. A node that cannot be asked, or does not answer in time, is',
      'unknown. Exit status: 0 all ok, 1 some node failed or is unknown (or nobody was asked, or the command failed),',
      '2 refused by the aggregator, 64 usage.',
    ].join('\n'),
  },
});
