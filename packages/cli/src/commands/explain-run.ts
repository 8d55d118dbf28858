/** Prints why (not): the answer first, then refusals, facts, sets and the three legs. */
import type { Explanation } from '@trivet/aggregator/passes/index.ts';
import type { CliContext } from '../context.ts';
import { EXIT_FAILED } from '../exit.ts';
import { openSource } from '../pass-source.ts';
import { printable, table } from '../table.ts';
import type { ExplainFlags } from './explain.ts';

export async function runExplain(this: CliContext, flags: ExplainFlags, node: string): Promise<void> {
  const source = await openSource(flags, process.env);
  const explanation = await source.explain(node);
  if (explanation === null) {
    this.process.stderr.write(`trivet explain: ${source.name} does not know ${printable(node)} in this pass\n`);
    this.process.exitCode = EXIT_FAILED;
    return;
  }
  const text = flags.json ? JSON.stringify({ schema: 'trivet.explain/v1', ...explanation }) : print(explanation);
  this.process.stdout.write(`${text}\n`);
}

function print({ node, pass, answer, facts, sets, refusals, legs }: Explanation): string {
  return [
    `${node}: ${printable(answer)}`,
    `(pass ${pass})`,
    '',
    ...(refusals.length === 0 ? [] : [...printRefusals(refusals), '']),
    ...table(
      ['fact', 'value'],
      Object.entries(facts).map(([name, value]) => [name, value]),
    ),
    '',
    `sets: ${sets.join(' ')}`,
    '',
    ...legs.map(({ leg, ageSeconds, row }) => {
      const age = ageSeconds === null ? 'age not known' : `${ageSeconds} s old`;
      return `${leg} (${age}): ${row === null ? 'no row' : printable(JSON.stringify(row))}`;
    }),
  ].join('\n');
}

function printRefusals(refusals: Explanation['refusals']): string[] {
  const number = (value: number | null) => (value === null ? '' : String(value));
  return table(
    ['refused by', 'limit', 'current', 'needed', 'users', 'text'],
    refusals.map(({ code, limit, current, needed, users, text }) => [
      code,
      number(limit),
      number(current),
      number(needed),
      users.join(','),
      text,
    ]),
  );
}
