/** Prints the sets of a pass with their sizes, or the nodes of one: the same bytes as its file. */
import type { CliContext } from '../context.ts';
import { EXIT_FAILED } from '../exit.ts';
import { openSource, type PassSource } from '../pass-source.ts';
import { printable, table } from '../table.ts';
import type { SetsFlags } from './sets.ts';

export async function runSets(this: CliContext, flags: SetsFlags, name?: string): Promise<void> {
  const source = await openSource(flags, process.env);
  const text = name === undefined ? await listOf(source, flags.json) : await oneOf(source, name, flags.json);
  if (text === null) {
    this.process.stderr.write(`trivet sets: no set ${printable(name ?? '')}; \`trivet sets\` lists them\n`);
    this.process.exitCode = EXIT_FAILED;
    return;
  }
  this.process.stdout.write(text);
}

async function listOf(source: PassSource, json: boolean): Promise<string> {
  const sizes = await source.sets();
  if (json) return `${JSON.stringify({ schema: 'trivet.sets/v1', sets: sizes })}\n`;
  const rows = Object.entries(sizes).map(([name, size]) => [name, String(size)]);
  return `${table(['set', 'nodes'], rows).join('\n')}\n`;
}

/** The same bytes as the file in the pass folder. */
async function oneOf(source: PassSource, name: string, json: boolean): Promise<string | null> {
  const nodes = await source.set(name);
  if (nodes === null) return null;
  if (json) return `${JSON.stringify({ schema: 'trivet.sets/v1', set: name, nodes })}\n`;
  return nodes.map((node) => `${node}\n`).join('');
}
