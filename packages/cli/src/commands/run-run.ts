/** Asks the aggregator, shows that it goes on, and prints what the nodes said. */
import { readFile } from 'node:fs/promises';
import { CHECK_NAME, CHECK_NAME_RULE } from '@trivet/shared/protocol/limits.ts';
import { runChecks, type CheckOutcome } from '../check-source.ts';
import type { CliContext } from '../context.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_REFUSED, UsageError } from '../exit.ts';
import { serverUrl } from '../pass-source.ts';
import { printable, table } from '../table.ts';
import type { RunFlags } from './run.ts';

/** What is over sooner needs no word in between. */
const PROGRESS_MS = 5_000;

export async function runOnNodes(this: CliContext, flags: RunFlags, check: string): Promise<void> {
  if (!CHECK_NAME.test(check))
    throw new UsageError(`${printable(check)} is not the name of a check: ${CHECK_NAME_RULE}`);
  const { stdout, stderr } = this.process;
  const { timeout, concurrency } = flags;
  const request = {
    server: serverUrl(flags.server, process.env),
    token: await tokenOf(flags.tokenFile ?? process.env['TRIVET_API_TOKEN_FILE']),
    body: { check, nodes: nodesOf(flags), timeoutMs: timeout * 1000, concurrency },
  };
  let spokenMs = performance.now();
  const outcome = await runChecks(request, (answered, expected) => {
    if (performance.now() - spokenMs < PROGRESS_MS) return;
    spokenMs = performance.now();
    stderr.write(`trivet run: ${answered} of ${expected} nodes have answered\n`);
  });
  if ('refused' in outcome) {
    stderr.write(`trivet run: ${request.server} refuses: ${printable(outcome.refused)}\n`);
    this.process.exitCode = EXIT_REFUSED;
    return;
  }
  const { results, problem } = outcome;
  stdout.write(flags.json ? `${JSON.stringify({ schema: 'trivet.run/v1', check, ...outcome })}\n` : print(outcome));
  if (problem !== null) stderr.write(`trivet run: ${printable(problem)}\n`);
  const isAllOk = problem === null && results.every(({ state }) => state === 'ok');
  this.process.exitCode = isAllOk ? EXIT_DONE : EXIT_FAILED;
}

function nodesOf({ nodes, all, set }: RunFlags): readonly string[] | string {
  const given = [...(nodes === undefined ? [] : [nodes]), ...(all ? ['all'] : []), ...(set === undefined ? [] : [set])];
  const [first] = given;
  if (first === undefined || given.length > 1)
    throw new UsageError('name the nodes by one of --nodes a,b,c, --all, or --set derived/suspect');
  if (set !== undefined && !set.includes('/'))
    throw new UsageError(`${printable(set)} is not a set: \`trivet sets\` lists them`);
  return first;
}

async function tokenOf(file: string | undefined): Promise<string | null> {
  if (file === undefined || file === '') return null;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new UsageError(`the token file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function print({ results, counts }: CheckOutcome): string {
  const rows = results.map(({ node, state, ms, text }) => [node, state, String(ms), text]);
  const { ok, failed, unknown } = counts;
  const sum = `${ok} ok, ${failed} failed, ${unknown} unknown`;
  return `${[...(rows.length === 0 ? [] : table(['node', 'state', 'ms', 'text'], rows)), sum].join('\n')}\n`;
}
