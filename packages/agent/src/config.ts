/**
 * Settings of the daemon: `agent.yaml`, then environment, then flags, the later over the earlier. One table says each
 * setting's name, form and default; an error names the place, what is wrong and what may stand there. Written by hand:
 * a validator would cost the node 19 MB.
 */
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { NODE_NAME, NODE_NAME_RULE } from '@trivet/shared/protocol/limits.ts';
import { SOCKET_PATH } from '@trivet/shared/protocol/messages.ts';
import { AgentError, errorText } from './errors.ts';
import { LEVELS } from './log.ts';
import type { Level } from './log.ts';

export interface AgentConfig {
  readonly node: string;
  readonly stateDir: string;
  /** Null: nothing is pushed; findings are served locally. */
  readonly aggregatorUrl: string | null;
  readonly tokenFile: string | null;
  readonly listen: { readonly host: string; readonly port: number };
  /** Null: `nvidia-smi` in PATH, required where PCI shows an NVIDIA GPU. A path is always required. */
  readonly nvidiaSmi: string | null;
  /** Null: `amd-smi` in PATH, else `rocm-smi`, required where PCI shows an AMD GPU. A path is always required. */
  readonly amdSmi: string | null;
  /** Without a path of amd-smi: asked instead of it. */
  readonly rocmSmi: string | null;
  readonly kernelLog: string;
  readonly expectedGpus: number | null;
  readonly pollMs: number;
  /** Until an aggregator says otherwise. */
  readonly reportMs: number;
  readonly outboxMaxBytes: number;
  /** Null: there are no site checks. */
  readonly siteChecksDir: string | null;
  readonly siteCheckMs: number;
  readonly siteCheckTimeoutMs: number;
  /** A site check that cannot tell makes the node unknown. */
  readonly siteChecksRequired: boolean;
  /** `/metrics` has every value under dcgm-exporter's names as well. */
  readonly dcgmNames: boolean;
  readonly logLevel: Level;
}

/** Text as a variable or flag gives it, or a value of the file. Throws a message: what may stand there. */
type Parse<T> = (value: unknown, base: string) => T;

interface Setting<T> {
  readonly parse: Parse<T>;
  readonly otherwise: (env: Environment) => T;
  readonly help: string;
}
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Polls every 10 s: Prometheus scrapes every 15 to 60 s, and a fault that only the tool shows waits no longer; what a poll
 * costs is in docs/measurements.md. Reports every 60 s, or at once when a finding opens: a report repeats what the last one said.
 * Site checks every 5 minutes, 30 s each: what they look at (files, mounts, versions, a daemon) changes slowly, a script may start
 * a dozen programs, and nobody but a person acts on them.
 */
const SETTINGS: { readonly [Key in keyof AgentConfig]: Setting<AgentConfig[Key]> } = {
  node: { parse: nodeName, otherwise: () => nodeName(hostname().toLowerCase()), help: 'name in inventory and cluster' },
  stateDir: { parse: path, otherwise: defaultStateDir, help: 'folder of the outbox and the open findings' },
  aggregatorUrl: { parse: url, otherwise: () => null, help: 'address of the aggregator, ws:// or wss://' },
  tokenFile: { parse: path, otherwise: () => null, help: 'file with the bearer token for the aggregator' },
  listen: { parse: address, otherwise: () => address('127.0.0.1:9110'), help: 'HOST:PORT of the local HTTP' },
  nvidiaSmi: { parse: path, otherwise: () => null, help: 'path of nvidia-smi' },
  amdSmi: { parse: path, otherwise: () => null, help: 'path of amd-smi' },
  rocmSmi: { parse: path, otherwise: () => null, help: 'path of rocm-smi, asked instead of amd-smi' },
  kernelLog: { parse: path, otherwise: () => '/dev/kmsg', help: 'kernel log device or file' },
  expectedGpus: { parse: whole(0, 256), otherwise: () => null, help: 'GPUs that this node should have' },
  pollMs: { parse: milliseconds, otherwise: () => 10_000, help: 'time between two runs of the vendor tool' },
  reportMs: { parse: milliseconds, otherwise: () => 60_000, help: 'time between two reports' },
  outboxMaxBytes: { parse: whole(1_048_576, 2 ** 40), otherwise: () => 16 * 1024 * 1024, help: 'bound on disk' },
  siteChecksDir: { parse: path, otherwise: () => null, help: 'folder of site checks' },
  siteCheckMs: { parse: milliseconds, otherwise: () => 300_000, help: 'time between two rounds of site checks' },
  siteCheckTimeoutMs: { parse: whole(100, 300_000), otherwise: () => 30_000, help: 'time that a site check may take' },
  siteChecksRequired: {
    parse: yesNo,
    otherwise: () => false,
    help: 'yes: a site check that cannot tell makes the node unknown',
  },
  dcgmNames: { parse: yesNo, otherwise: () => false, help: "yes: metrics also under dcgm-exporter's names" },
  logLevel: { parse: level, otherwise: () => 'info', help: LEVELS.join(', ') },
};
export const SETTING_NAMES = Object.keys(SETTINGS).filter(isSettingName);
const YES_NO_NAMES = SETTING_NAMES.filter((name) => SETTINGS[name].parse === yesNo);

interface Sources {
  /** Values of the file, by key. */
  readonly file: Readonly<Record<string, unknown>>;
  /** Where a key of the file stands, `agent.yaml:3`. */
  readonly place: (key: string) => string;
  /** Folder that paths of the file are meant from. */
  readonly base: string;
  readonly env: Environment;
  /** By key, `stateDir`. */
  readonly flags: Environment;
}

/** Throws `AgentError` `config` that lists everything that is wrong. */
export async function loadConfig(file: string | null, flags: Environment, env: Environment): Promise<AgentConfig> {
  const read = file === null ? { file: {}, place: () => '', base: process.cwd() } : await readConfigFile(file);
  const sources: Sources = { ...read, env, flags };
  const problems = Object.keys(sources.file)
    .filter((key) => !isSettingName(key))
    .map((key) => `${sources.place(key)}: ${key} is no setting: use one of ${SETTING_NAMES.join(', ')}`);
  function get<Key extends keyof AgentConfig>(key: Key): AgentConfig[Key] {
    const found = given(sources, key);
    try {
      return found === null ? SETTINGS[key].otherwise(env) : SETTINGS[key].parse(found.value, found.base);
    } catch (error) {
      const place = found === null ? `${key} (not set: --${dashed(key)}, ${variable(key)})` : found.place;
      problems.push(`${place}: ${errorText(error)}`);
      throw error;
    }
  }
  for (const key of SETTING_NAMES) {
    try {
      get(key);
    } catch {
      // Noted among the problems: all of them are told at once.
    }
  }
  if (problems.length > 0) throw new AgentError('config', problems.join('\n'));
  return {
    node: get('node'),
    stateDir: get('stateDir'),
    aggregatorUrl: get('aggregatorUrl'),
    tokenFile: get('tokenFile'),
    listen: get('listen'),
    nvidiaSmi: get('nvidiaSmi'),
    amdSmi: get('amdSmi'),
    rocmSmi: get('rocmSmi'),
    kernelLog: get('kernelLog'),
    expectedGpus: get('expectedGpus'),
    pollMs: get('pollMs'),
    reportMs: get('reportMs'),
    outboxMaxBytes: get('outboxMaxBytes'),
    siteChecksDir: get('siteChecksDir'),
    siteCheckMs: get('siteCheckMs'),
    siteCheckTimeoutMs: get('siteCheckTimeoutMs'),
    siteChecksRequired: get('siteChecksRequired'),
    dcgmNames: get('dcgmNames'),
    logLevel: get('logLevel'),
  };
}

export function settingsHelp(): string {
  const rows = SETTING_NAMES.map(
    (key) => `  --${dashed(key).padEnd(22)} ${variable(key).padEnd(29)} ${SETTINGS[key].help}`,
  );
  return ['  --config FILE', ...rows].join('\n');
}

/** `stateDir` → `state-dir`. */
export function dashed(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `--dcgm-names` alone means yes, as `--dcgm-names yes` does. */
export function withYes(argv: readonly string[]): string[] {
  const names = new Set(YES_NO_NAMES.map((name) => `--${dashed(name)}`));
  return argv.flatMap((arg, index) => {
    const next = argv[index + 1];
    return names.has(arg) && (next === undefined || next.startsWith('-')) ? [arg, 'yes'] : [arg];
  });
}

function variable(key: string): string {
  return `TRIVET_${dashed(key).replaceAll('-', '_').toUpperCase()}`;
}

function given({ file, place, base, env, flags }: Sources, key: string) {
  if (flags[key] !== undefined) return { value: flags[key], place: `--${dashed(key)}`, base: process.cwd() };
  // An empty variable is one that was not set, as in a unit file or a manifest.
  if (env[variable(key)]) return { value: env[variable(key)], place: variable(key), base: process.cwd() };
  return Object.hasOwn(file, key) ? { value: file[key], place: `${place(key)}: ${key}`, base } : null;
}

/** `yaml` is loaded only where there is a file: 9 MB. */
async function readConfigFile(name: string): Promise<Pick<Sources, 'file' | 'place' | 'base'>> {
  let text: string;
  try {
    text = readFileSync(name, 'utf8');
  } catch (error) {
    throw new AgentError(
      'config',
      `${name}: cannot be read (${errorText(error)}): check the path and its rights`,
      error,
    );
  }
  const { LineCounter, isMap, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [problem] = document.errors;
  if (problem !== undefined) throw new AgentError('config', `${name}: ${problem.message}`);
  const { contents } = document;
  if (contents !== null && !isMap(contents)) {
    throw new AgentError('config', `${name}:1: is not a list of settings: write \`key: value\` lines`);
  }
  const values: unknown = document.toJS();
  const place = (key: string): string => {
    const range = contents?.items.find((item) => String(item.key) === key)?.value;
    const offset = typeof range === 'object' && range !== null && 'range' in range ? range.range : null;
    return Array.isArray(offset) && typeof offset[0] === 'number' ? `${name}:${lines.linePos(offset[0]).line}` : name;
  };
  return { file: isRecord(values) ? values : {}, place, base: dirname(resolve(name)) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isSettingName(key: string): key is keyof AgentConfig {
  return Object.hasOwn(SETTINGS, key);
}

function defaultStateDir(env: Environment): string {
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'trivet', 'agent');
}

function nodeName(value: unknown): string {
  if (typeof value !== 'string' || !NODE_NAME.test(value)) throw new Error(`is not a node name: ${NODE_NAME_RULE}`);
  return value;
}

function path(value: unknown, base: string): string {
  if (typeof value !== 'string' || value === '') throw new Error('is not a path: write a file or folder name');
  return resolve(base, value);
}

function url(value: unknown): string {
  const parsed = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  if (parsed === null || !['ws:', 'wss:', 'http:', 'https:'].includes(parsed.protocol)) {
    throw new Error('is not an address: write ws://HOST:PORT or wss://HOST:PORT');
  }
  if (parsed.username !== '' || parsed.password !== '') throw new Error('has a password in it: use tokenFile');
  if (parsed.pathname === '/') parsed.pathname = SOCKET_PATH;
  return parsed.href;
}

function address(value: unknown): AgentConfig['listen'] {
  const found = typeof value === 'string' ? /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(value) : null;
  const port = Number(found?.[2]);
  if (found === null || port > 65_535) throw new Error('is not HOST:PORT, for example 127.0.0.1:9110');
  return { host: (found[1] ?? '').replaceAll(/[[\]]/g, ''), port };
}

function whole(min: number, max: number): Parse<number> {
  return (value) => {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max) return number;
    throw new Error(`is not a whole number from ${min} to ${max}`);
  };
}

function milliseconds(value: unknown): number {
  return whole(100, 3_600_000)(value, '');
}

/** As text in a flag or a variable, or as YAML's own. */
function yesNo(value: unknown): boolean {
  if (value === true || value === 'yes' || value === 'true') return true;
  if (value === false || value === 'no' || value === 'false') return false;
  throw new Error('is neither yes nor no');
}

function level(value: unknown): Level {
  const found = LEVELS.find((name) => name === value);
  if (found === undefined) throw new Error(`is not one of ${LEVELS.join(', ')}`);
  return found;
}
