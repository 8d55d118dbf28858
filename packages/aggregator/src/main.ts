#!/usr/bin/env node
/**
 * `trivet-aggregator`: reads its settings, starts, and ends cleanly on SIGTERM or SIGINT. Exit: 0 stopped, 1 failed, 64 usage.
 */
import { parseArgs } from 'node:util';
import { startAggregator, VERSION, type RunningAggregator } from './aggregator.ts';
import { VARIABLES, dashed, loadSettings, type Overrides, type Settings } from './config.ts';
import { DEFAULT_POLICY } from './core/policy.ts';
import { TrivetError, messageOf } from './errors.ts';
import { fileCluster } from './legs/cluster/index.ts';
import { fileInventory } from './legs/inventory/index.ts';
import { stderrLog, type Log } from './log.ts';
import { readPolicy } from './policy-file.ts';

const SETTINGS: Readonly<Record<keyof typeof VARIABLES, string>> = {
  inventory: 'FILE  inventory rows, YAML or JSON (needed)',
  clusterFile: 'FILE  cluster rows, or what kubectl get nodes,pods,pdb -A -o json prints (needed)',
  policy: 'FILE  policy.yaml; default: 6 % of the cluster, 2 nodes of a rack',
  cluster: 'NAME  the cluster that is decided for (default: default)',
  listen: 'HOST:PORT  API, agents and page (default: 127.0.0.1:8080)',
  dir: 'DIR  store and passes (default: $XDG_STATE_HOME/trivet)',
  tokenFile: 'FILE  secret that agents have to send',
  apiTokenFile: 'FILE  secret that whoever runs checks on nodes has to send (default: only programs on this host may)',
};

const USAGE = `trivet-aggregator [--config FILE] [settings]

Hears agents, reads inventory and cluster, and decides each minute which nodes may be drained. It only decides.
Settings as flags, as environment, or by the names below without dashes (clusterFile, …) in the file:

${Object.entries(SETTINGS)
  .map(([name, text]) => `  --${dashed(name)} ${text}`)
  .join('\n')}
  --version, --help
`;
const EXIT = { stopped: 0, failed: 1, usage: 64 } as const;
/** A stop that takes longer is cut off: what matters was committed before it was acknowledged. */
const STOP_DEADLINE_MS = 10_000;

interface Arguments {
  readonly config: string | null;
  readonly overrides: Overrides;
}

/** A text: what to print, because nothing is to be started. */
function readArguments(args: readonly string[]): Arguments | string | null {
  const names = Object.keys(VARIABLES);
  const string = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: string,
        help: flag,
        version: flag,
        ...Object.fromEntries(names.map((name) => [dashed(name), string])),
      },
    });
    const given: Readonly<Record<string, unknown>> = values;
    if (given['help'] === true) return USAGE;
    if (given['version'] === true) return `${VERSION}\n`;
    const text = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined);
    return {
      config: text('config') ?? process.env['TRIVET_CONFIG'] ?? null,
      overrides: Object.fromEntries(names.map((name) => [name, text(dashed(name))])),
    };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    return null;
  }
}

async function start(settings: Settings, log: Log): Promise<RunningAggregator> {
  const { aggregator, inventory, clusterFile, policy } = settings;
  if (aggregator.token === null && !isLoopback(aggregator.listen.host)) {
    log.warn('aggregator.open', { message: 'anybody who reaches this port may report for any node: set tokenFile' });
  }
  return startAggregator(aggregator, {
    log,
    now: () => new Date(),
    legs: { inventory: fileInventory(inventory), cluster: fileCluster(clusterFile) },
    policy: async () => {
      if (policy === null) return DEFAULT_POLICY;
      const read = await readPolicy(policy, aggregator.cluster);
      if (read.ok) return read.policy;
      throw new TrivetError('config.invalid', `${read.where}: ${read.message}`);
    },
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** A second signal ends the process at once, as people expect. */
function stopOnSignal(running: RunningAggregator, log: Log): void {
  let stopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) return process.exit(EXIT.failed);
    stopping = true;
    log.info('aggregator.stopping', { signal });
    setTimeout(() => {
      log.error('aggregator.stop-late', { deadlineMs: STOP_DEADLINE_MS });
      // Not exit(): that waits for a thread which hangs in a read.
      process.kill(process.pid, 'SIGKILL');
    }, STOP_DEADLINE_MS);
    try {
      await running.stop();
      log.info('aggregator.stopped');
      process.exit(EXIT.stopped);
    } catch (error) {
      log.error('aggregator.stop-failed', { message: messageOf(error) });
      process.exit(EXIT.failed);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, (name) => void stop(name));
}

async function main(): Promise<void> {
  const log = stderrLog();
  const read = readArguments(process.argv.slice(2));
  if (read === null) return process.exit(EXIT.usage);
  if (typeof read === 'string') return void process.stdout.write(read);
  try {
    stopOnSignal(await start(loadSettings(read.config, read.overrides, process.env), log), log);
  } catch (error) {
    const code = error instanceof TrivetError ? error.code : 'internal';
    log.error('aggregator.not-started', { code, message: messageOf(error) });
    process.exit(code === 'config.invalid' || code === 'config.unreadable' ? EXIT.usage : EXIT.failed);
  }
}

await main();
