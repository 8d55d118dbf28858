/** The real daemon in its own process, so that it can be killed, on a node whose vendor tool has nothing to say. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '..', '..', 'packages', 'agent', 'src', 'main.ts');
const SAID_MAX = 200;
const START_DEADLINE_MS = 60_000;

export interface AgentOptions {
  readonly node: string;
  readonly stateDir: string;
  readonly kernelLog: string;
  /** `ws://…` */
  readonly aggregator: string;
  /** Folder for the tool that stands in for nvidia-smi. */
  readonly folder: string;
  readonly flags?: readonly string[];
  /** Another program than the daemon's own main. */
  readonly main?: string;
  /** What the command has to be wrapped in. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
}

export interface AgentProcess {
  readonly pid: number;
  /** The newest lines of its log. */
  readonly said: readonly string[];
  /** `http://127.0.0.1:…` once it listens. */
  address(): Promise<string>;
  /** Resolves with its exit code, null for a signal, when it is gone. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export function spawnAgent(options: AgentOptions): AgentProcess {
  const { node, stateDir, kernelLog, aggregator, folder, flags = [], main = MAIN, wrap = (same) => same } = options;
  const nvidiaSmi = join(folder, 'nvidia-smi');
  writeFileSync(nvidiaSmi, '#!/bin/sh\necho "No devices were found"; exit 6\n', { mode: 0o755 });
  const settings = ['--node', node, '--state-dir', stateDir, '--kernel-log', kernelLog, '--aggregator-url', aggregator];
  const local = ['--nvidia-smi', nvidiaSmi, '--listen', '127.0.0.1:0', '--report-ms', '1000', '--poll-ms', '2000'];
  const [command = '', ...args] = wrap([process.execPath, main, ...settings, ...local, ...flags]);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'] } });
  const said: string[] = [];
  const listening = Promise.withResolvers<string>();
  // Nobody may ask for it: an agent that is killed before it listens is no fault of a test.
  listening.promise.catch(() => undefined);
  const { stderr, pid } = child;
  createInterface({ input: stderr }).on('line', (line) => {
    said.push(line);
    if (said.length > SAID_MAX) said.shift();
    const address = /"agent started".*"address":"(http:[^"]+)"/.exec(line)?.[1];
    if (address !== undefined) listening.resolve(address);
  });
  child.once('exit', () => listening.reject(new Error(`the agent did not start:\n${said.join('\n')}`)));
  const late = setTimeout(() => listening.reject(new Error(`not up in time:\n${said.join('\n')}`)), START_DEADLINE_MS);
  late.unref();
  return { pid: pid ?? 0, said, address: () => listening.promise, end: (signal) => end(child, signal) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
  return child.exitCode;
}

/** One sample of `/metrics` without its labels; NaN when it is not there. */
export async function metric(address: string, name: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`, { signal: AbortSignal.timeout(10_000) })).text();
  const line = text.split('\n').find((row) => row.startsWith(`${name} `) || row.startsWith(`${name}{`));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}
