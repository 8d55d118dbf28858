/** The agent's bench: see USAGE in options.ts. Prints Markdown tables, or one JSON object; progress goes to standard error. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { measureFootprint } from './footprint.ts';
import { measureLatency } from './latency.ts';
import { USAGE, readOptions } from './options.ts';
import type { BenchOptions } from './options.ts';
import { readMachine } from './proc.ts';
import { soak } from './soak.ts';
import { compareStream } from './stream.ts';
import { footprintTable, latencyTable, soakTable, streamTable } from './table.ts';

const ROOT = join(import.meta.dirname, '..', '..');

async function main(options: BenchOptions): Promise<void> {
  process.chdir(ROOT);
  if (options.build) execFileSync(process.execPath, ['scripts/build.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const machine = readMachine();
  const result: Record<string, unknown> = { machine: machine.text };
  const tables: string[] = [];
  if (options.footprint) {
    say('memory and CPU');
    const rows = (result['footprint'] = await measureFootprint(options));
    tables.push(footprintTable(rows));
  }
  if (options.lines > 0) {
    say('latency');
    const rows = (result['latency'] = await measureLatency(options));
    tables.push(latencyTable(rows));
  }
  if (options.stream) {
    say('spawn or stream');
    const rows = (result['stream'] = await compareStream(options));
    tables.push(streamTable(rows));
  }
  if (options.soakMinutes > 0) {
    say('soak');
    const found = (result['soak'] = await soak(options));
    tables.push(soakTable(found));
  }
  result['load'] = [machine.load, readMachine().load];
  const head = `${machine.text}; load average ${machine.load} at the begin, ${readMachine().load} at the end`;
  console.log(options.json ? JSON.stringify(result) : [head, ...tables].join('\n\n'));
}

function say(text: string): void {
  console.error(`${new Date().toISOString()} ${text}`);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(USAGE);
  else await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
