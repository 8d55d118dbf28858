/** A process that the bench started: told apart by its log, ended with SIGTERM, and never left behind. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Started {
  readonly pid: number;
  /** What stands in the first line of its standard error that the pattern matches. */
  readonly found: string;
  /** From the start to that line. */
  readonly readyMs: number;
  /** SIGTERM, and SIGKILL to one that does not end in time. */
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 15_000;
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts node with `args` and waits for the line. */
export async function start(args: readonly string[], line: RegExp): Promise<Started> {
  const begunMs = performance.now();
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const found = await matching(child, line, args);
  const readyMs = performance.now() - begunMs;
  if (child.pid === undefined) throw new Error('the process has no number');
  return { pid: child.pid, found, readyMs, stop: () => stop(child) };
}

async function matching(child: ChildProcess, line: RegExp, args: readonly string[]): Promise<string> {
  const { stderr } = child;
  if (stderr === null) throw new Error('the process has no standard error');
  const said: string[] = [];
  const result = Promise.withResolvers<string>();
  createInterface({ input: stderr }).on('line', (text) => {
    if (said.length < 50) said.push(text);
    const match = line.exec(text);
    if (match !== null) result.resolve(match[1] ?? '');
  });
  const failed = (what: string) => () => result.reject(new Error(`${args.join(' ')}: ${what}\n${said.join('\n')}`));
  child.once('error', failed('could not be started'));
  child.once('exit', failed('ended'));
  const deadline = setTimeout(failed('not ready in time'), START_DEADLINE_MS);
  return result.promise.finally(() => clearTimeout(deadline));
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(deadline);
}
