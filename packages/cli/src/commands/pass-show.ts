/** Lists passes, and shows the summary of one. */
import { listPasses, type PassHead } from '@trivet/aggregator/passes/index.ts';
import type { CliContext } from '../context.ts';
import { openSource } from '../pass-source.ts';
import { table } from '../table.ts';
import type { PassListFlags, PassShowFlags } from './pass.ts';

export async function listAll(this: CliContext, flags: PassListFlags): Promise<void> {
  const passes =
    flags.dir === undefined
      ? await (await openSource(flags, process.env)).list()
      : await listPasses(flags.dir, flags.name);
  const text = flags.json ? JSON.stringify({ schema: 'trivet.pass.ls/v1', passes }) : printHeads(passes);
  this.process.stdout.write(`${text}\n`);
}

export async function showOne(this: CliContext, flags: PassShowFlags): Promise<void> {
  const { head, summary } = await (await openSource(flags, process.env)).show();
  this.process.stdout.write(
    flags.json ? `${JSON.stringify({ schema: 'trivet.pass.show/v1', ...head, summary })}\n` : summary,
  );
}

function printHeads(passes: readonly PassHead[]): string {
  if (passes.length === 0) return 'no passes';
  const rows = passes.map(({ id, cluster, outcome, suspects, planned, refused }) => [
    id,
    cluster,
    outcome,
    ...[suspects, planned, refused].map(String),
  ]);
  return table(['pass', 'cluster', 'outcome', 'suspect', 'planned', 'refused'], rows).join('\n');
}
