/**
 * Settings: `aggregator.yaml`, then environment, then flags, the later over the earlier. Each is checked once, here; an
 * error names the file, line and key and says what may stand there.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { LineCounter, isMap, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { INTERVAL_MAX_MS, NODE_NAME } from '@trivet/shared/protocol/limits.ts';
import type { AggregatorConfig } from './aggregator.ts';
import { TrivetError, messageOf } from './errors.ts';
import { DEFAULT_PASS_RETENTION } from './passes/index.ts';
import { DEFAULT_RETENTION } from './store/index.ts';

/** What main needs: the aggregator's own settings and the files of its legs. */
export interface Settings {
  readonly aggregator: AggregatorConfig;
  readonly inventory: string;
  readonly clusterFile: string;
  /** Null: the defaults of the policy. */
  readonly policy: string | null;
}

/** Flags and variables that are set, by key of the file. */
export type Overrides = Readonly<Record<string, string | undefined>>;

/** Key in the file → environment variable. The flag has the key's name: `--inventory`. */
export const VARIABLES = {
  dir: 'TRIVET_DIR',
  listen: 'TRIVET_LISTEN',
  cluster: 'TRIVET_CLUSTER',
  inventory: 'TRIVET_INVENTORY',
  clusterFile: 'TRIVET_CLUSTER_FILE',
  policy: 'TRIVET_POLICY',
  tokenFile: 'TRIVET_TOKEN_FILE',
  apiTokenFile: 'TRIVET_API_TOKEN_FILE',
} as const;

const path = z.string().min(1);
const whole = z.int().min(1);
const seconds = z
  .number()
  .positive()
  .max(INTERVAL_MAX_MS / 1000);

const file = z.strictObject({
  dir: path.optional(),
  listen: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'is not HOST:PORT, for example 127.0.0.1:8080')
    .default('127.0.0.1:8080'),
  cluster: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, 'is not a cluster name: lower-case letters, digits, "-" and "."')
    .default('default'),
  inventory: path,
  clusterFile: path,
  policy: path.optional(),
  tokenFile: path.optional(),
  apiTokenFile: path.optional(),
  passIntervalSeconds: seconds.default(60),
  reportIntervalSeconds: seconds.default(60),
  beatIntervalSeconds: seconds.default(10),
  /** A connection costs about 50 kB: this many fit into 1 GB. */
  connectionsMax: whole.max(200_000).default(20_000),
  stripDomains: z.array(z.string().regex(NODE_NAME, 'is not a domain: write it without a leading dot')).default([]),
  retention: z
    .strictObject({
      eventDays: whole.default(DEFAULT_RETENTION.eventDays),
      eventsMax: whole.default(DEFAULT_RETENTION.eventsMax),
      historyDays: whole.default(DEFAULT_RETENTION.historyDays),
    })
    .default(DEFAULT_RETENTION),
  passRetention: z
    .strictObject({
      passesMax: whole.default(DEFAULT_PASS_RETENTION.passesMax),
      passBytesMax: whole.default(DEFAULT_PASS_RETENTION.passBytesMax),
    })
    .default(DEFAULT_PASS_RETENTION),
});

/** `configPath` null: no file, flags and environment only. */
export function loadSettings(configPath: string | null, overrides: Overrides, env: NodeJS.ProcessEnv): Settings {
  const source = configPath === null ? null : readSource(configPath);
  const parsed = file.safeParse({ ...source?.values, ...fromEnvironment(env), ...given(overrides) });
  if (!parsed.success) throw invalid(configPath, source, parsed.error.issues);
  const values = parsed.data;
  const base = configPath === null ? process.cwd() : dirname(resolve(configPath));
  // A path in the file is meant from the file; one in a flag or variable from where we were started.
  const at = (key: keyof typeof VARIABLES, value: string) =>
    resolve(overrides[key] === undefined && env[VARIABLES[key]] === undefined ? base : process.cwd(), value);
  return {
    aggregator: {
      dir: values.dir === undefined ? defaultDir(env) : at('dir', values.dir),
      cluster: values.cluster,
      listen: listenOf(values.listen),
      passIntervalMs: values.passIntervalSeconds * 1000,
      intervals: { reportMs: values.reportIntervalSeconds * 1000, beatMs: values.beatIntervalSeconds * 1000 },
      connectionsMax: values.connectionsMax,
      stripDomains: values.stripDomains,
      ...tokensOf(
        values.tokenFile === undefined ? null : at('tokenFile', values.tokenFile),
        values.apiTokenFile === undefined ? null : at('apiTokenFile', values.apiTokenFile),
      ),
      retention: values.retention,
      passRetention: values.passRetention,
    },
    inventory: at('inventory', values.inventory),
    clusterFile: at('clusterFile', values.clusterFile),
    policy: values.policy === undefined ? null : at('policy', values.policy),
  };
}

function defaultDir(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'trivet');
}

function listenOf(text: string): AggregatorConfig['listen'] {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replaceAll(/[[\]]/g, ''), port: Number(text.slice(colon + 1)) };
}

function fromEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return given(Object.fromEntries(Object.entries(VARIABLES).map(([key, variable]) => [key, env[variable]])));
}

function given(values: Overrides): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, value]])),
  );
}

interface Source {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly values: Record<string, unknown>;
}

function readSource(name: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(readText(name, 'settings'), { lineCounter: lines });
  const [problem] = document.errors;
  if (problem !== undefined) throw new TrivetError('config.invalid', `${name}: ${problem.message}`);
  const values: unknown = document.toJS();
  if (values === null) return { document, lines, values: {} };
  if (!isMap(document.contents) || typeof values !== 'object') {
    throw new TrivetError('config.invalid', `${name}:1: is not a list of settings: write \`key: value\` lines`);
  }
  return { document, lines, values: { ...values } };
}

function invalid(name: string | null, source: Source | null, issues: readonly z.core.$ZodIssue[]): TrivetError {
  const problems = issues.map((issue) => {
    const key = issue.path.join('.');
    const place = source === null || name === null ? '' : `${name}${lineOf(source, issue.path)}: `;
    const missing = issue.code === 'invalid_type' && issue.message.includes('undefined');
    const flag = flagOf(key);
    const text = missing && flag !== null ? `is missing: set it in the file, or give ${flag}` : issue.message;
    return `${place}${key === '' ? '' : `${key}: `}${text}`;
  });
  return new TrivetError('config.invalid', problems.join('\n'));
}

function flagOf(key: string): string | null {
  const found = Object.entries(VARIABLES).find(([name]) => name === key);
  return found === undefined ? null : `--${dashed(found[0])} or ${found[1]}`;
}

/** `clusterFile` → `cluster-file`. */
export function dashed(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function lineOf({ document, lines }: Source, keys: readonly PropertyKey[]): string {
  for (let length = keys.length; length > 0; length--) {
    const node = document.getIn(keys.slice(0, length), true);
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
    const offset: unknown = Array.isArray(range) ? range[0] : null;
    if (typeof offset === 'number') return `:${lines.linePos(offset).line}`;
  }
  return '';
}

/** Every node holds the agents' token; with it none may make the others work. */
function tokensOf(agents: string | null, api: string | null): Pick<AggregatorConfig, 'token' | 'apiToken'> {
  const token = agents === null ? null : readToken(agents);
  const apiToken = api === null ? null : readToken(api);
  if (token === null || token !== apiToken) return { token, apiToken };
  throw new TrivetError(
    'config.invalid',
    `${api}: apiTokenFile holds the token of the agents, with which any node could run checks on all: make another`,
  );
}

function readToken(name: string): string {
  const token = readText(name, 'token').trim();
  if (token.length >= 16) return token;
  throw new TrivetError(
    'config.invalid',
    `${name}: a token has at least 16 characters: \`openssl rand -hex 32\` makes one`,
  );
}

function readText(name: string, what: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw new TrivetError('config.unreadable', `cannot read the ${what} file ${name}: ${messageOf(error)}`, error);
  }
}
