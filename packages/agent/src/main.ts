/** `trivet-agent`: reads the settings, starts the daemon, and ends it on SIGTERM or SIGINT. */
import { parseArgs } from 'node:util';
import { AGENT_VERSION, startAgent } from './agent.ts';
import { SETTING_NAMES, dashed, loadConfig, settingsHelp, withYes } from './config.ts';
import { AgentError, errorText } from './errors.ts';
import { createLog } from './log.ts';

export { startAgent } from './agent.ts';
export type { AgentDeps, RunningAgent } from './agent.ts';

const USAGE = `trivet-agent [--config FILE] [settings]

Watches this node's GPUs and reports to an aggregator. Settings as flags, as environment, or by the names
below without dashes (stateDir, …) in the file:

${settingsHelp()}
  --check-config  says whether the settings are right, and starts nothing
  --version, --help
`;
const EXIT = { done: 0, failed: 1, usage: 64 } as const;

/** Resolves with the exit status, after the daemon has ended. */
export async function main(argv: readonly string[]): Promise<number> {
  // Whoever reads our log may go away; that must not end the daemon.
  process.stderr.on('error', () => {});
  const flags = readFlags(argv);
  if (typeof flags === 'string') return say(`${flags}\n\n${USAGE}`, EXIT.usage);
  if (flags['help'] === 'true') return say(USAGE, EXIT.done);
  if (flags['version'] === 'true') return say(`${AGENT_VERSION}\n`, EXIT.done);
  try {
    const { config: file, checkConfig, ...settings } = flags;
    const config = await loadConfig(file ?? null, settings, process.env);
    if (checkConfig === 'true') return say('settings are right\n', EXIT.done);
    const log = createLog({ level: config.logLevel, now: Date.now, write: (line) => process.stderr.write(line) });
    const ended = signalled();
    const agent = await startAgent(config, { log });
    log.info('ending', { signal: await ended });
    await agent.stop();
    return EXIT.done;
  } catch (error) {
    const isUsage = error instanceof AgentError && error.code === 'config';
    return say(`trivet-agent: ${errorText(error)}\n`, isUsage ? EXIT.usage : EXIT.failed);
  }
}

/** By name of the setting; a text says what is wrong. */
function readFlags(argv: readonly string[]): Record<string, string> | string {
  const text = [...SETTING_NAMES.map(dashed), 'config'].map((name) => [name, { type: 'string' }] as const);
  const plain = ['help', 'version', 'check-config'].map((name) => [name, { type: 'boolean' }] as const);
  try {
    const { values } = parseArgs({ args: withYes(argv), options: Object.fromEntries([...text, ...plain]) });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [camel(name), String(value)]));
  } catch (error) {
    return errorText(error);
  }
}

function camel(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

function say(text: string, status: number): number {
  (status === EXIT.done ? process.stdout : process.stderr).write(text);
  return status;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
