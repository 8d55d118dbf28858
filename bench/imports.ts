/** What loading each run-time dependency costs a process: milliseconds, and resident memory over a bare one. Medians. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { median } from './median.ts';

const RUNS = 7;
const packages = join(import.meta.dirname, '..', 'packages');

/** Dependency → a package that has it. */
const DEPENDENCIES = {
  ws: 'agent',
  systeminformation: 'agent',
  yaml: 'agent',
  fastify: 'aggregator',
  zod: 'aggregator',
  'prom-client': 'aggregator',
  kysely: 'aggregator',
  '@stricli/core': 'cli',
};

const PROGRAM = `
const [name] = process.argv.slice(1);
const before = performance.now();
if (name !== '') await import(name);
console.log(JSON.stringify({ ms: performance.now() - before, rss: process.memoryUsage().rss }));
`;

function measure(name: string, owner: string): { ms: number; rss: number } {
  const runs = Array.from({ length: RUNS }, () => {
    const args = ['--input-type=module', '--eval', PROGRAM, '--', name];
    const printed: unknown = JSON.parse(
      execFileSync(process.execPath, args, { cwd: join(packages, owner), encoding: 'utf8', timeout: 30_000 }),
    );
    if (typeof printed !== 'object' || printed === null || !('ms' in printed) || !('rss' in printed)) {
      throw new Error('the measured process printed something else');
    }
    return { ms: Number(printed.ms), rss: Number(printed.rss) };
  });
  return { ms: median(runs.map(({ ms }) => ms)), rss: median(runs.map(({ rss }) => rss)) };
}

const bare = measure('', 'agent');
for (const [name, owner] of Object.entries(DEPENDENCIES)) {
  const { ms, rss } = measure(name, owner);
  console.log(`${name.padEnd(18)} ${ms.toFixed(0).padStart(5)} ms  +${((rss - bare.rss) / 2 ** 20).toFixed(0)} MiB`);
}
