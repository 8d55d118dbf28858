/** The real aggregator in its own process, so that it can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '..', '..', 'packages', 'aggregator', 'src', 'main.ts');
const START_DEADLINE_MS = 30_000;

export interface AggregatorProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Resolves with the exit code, or null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** What is not a flag, as the settings file takes it. */
export type FileSettings = Readonly<Record<string, string | number>>;

/** Port 0 picks a free one; a restart is given the port of the first. */
export async function spawnAggregator(
  dir: string,
  port: number,
  settings: FileSettings = {},
): Promise<AggregatorProcess> {
  const inventory = join(dir, 'inventory.yaml');
  const cluster = join(dir, 'cluster.yaml');
  writeFileSync(inventory, 'rows: []\n');
  writeFileSync(cluster, 'rows: []\n');
  const config = join(dir, 'aggregator.yaml');
  writeFileSync(config, JSON.stringify(settings));
  const files = ['--config', config, '--inventory', inventory, '--cluster-file', cluster, '--dir', join(dir, 'state')];
  const child = spawn(process.execPath, [MAIN, ...files, '--listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  const url = await listening(child);
  return { url, child, end: (signal) => end(child, signal) };
}

async function listening(child: ChildProcess): Promise<string> {
  const { stderr } = child;
  if (stderr === null) throw new Error('the aggregator has no standard error');
  const lines: string[] = [];
  const found = Promise.withResolvers<string>();
  createInterface({ input: stderr }).on('line', (line) => {
    if (lines.length < 50) lines.push(line);
    const url = /"url":"(http:[^"]+)"/.exec(line)?.[1];
    if (line.includes('"aggregator.listening"') && url !== undefined) found.resolve(url);
  });
  child.once('exit', () => found.reject(new Error(`the aggregator did not start:\n${lines.join('\n')}`)));
  const deadline = setTimeout(
    () => found.reject(new Error(`not listening in time:\n${lines.join('\n')}`)),
    START_DEADLINE_MS,
  );
  return found.promise.finally(() => clearTimeout(deadline));
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
  return child.exitCode;
}
