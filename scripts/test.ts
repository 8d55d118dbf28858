/** `npm test`: types, lint, format, then unit, property and integration tests. Every step runs; the worst one decides. */
import { spawnSync } from 'node:child_process';

const STEPS: readonly (readonly string[])[] = [
  ['tsc', '--noEmit'],
  ['oxlint', '--deny-warnings'],
  ['oxfmt', '--check', '.'],
  ['vitest', 'run', ...process.argv.slice(2)],
];

const failed: string[] = [];
for (const [command = '', ...args] of STEPS) {
  console.error(`\n> ${[command, ...args].join(' ')}`);
  const { status, signal } = spawnSync(command, args, { stdio: 'inherit' });
  if (signal !== null) process.exit(130);
  if (status !== 0) failed.push(command);
}
if (failed.length > 0) console.error(`\nfailed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
