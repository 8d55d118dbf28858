/** `npm test`: types, lint, format, then unit, property and integration tests. Every step runs; the worst one decides. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

const STEPS: readonly (readonly string[])[] = [
  ['tsc', '--noEmit'],
  ['oxlint', '--deny-warnings'],
  ['oxfmt', '--check', '.'],
  ['vitest', 'run', ...process.argv.slice(2)],
];

let child: ChildProcess | null = null;
let stopped: NodeJS.Signals | null = null;
// Whoever stops this stops the step, too: none goes on without it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopped = signal;
    child?.kill(signal);
  });
}

const failed: string[] = [];
for (const [command = '', ...args] of STEPS) {
  console.error(`\n> ${[command, ...args].join(' ')}`);
  child = spawn(command, args, { stdio: 'inherit' });
  const [status] = await once(child, 'exit');
  if (stopped !== null) process.exit(128 + constants.signals[stopped]);
  if (status !== 0) failed.push(command);
}
if (failed.length > 0) console.error(`\nfailed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
