/** Where answers about passes come from: a pass folder (`--pass DIR`) or an aggregator (`--server URL`). Same answers. */
import { access, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import {
  explainNode,
  listPasses,
  readFolder,
  readSetOf,
  type Explanation,
  type PassHead,
} from '@trivet/aggregator/passes/index.ts';
import { explanationSchema, headSchema } from '@trivet/aggregator/passes/schemas.ts';
import { UsageError } from './exit.ts';

export interface PassSource {
  /** For messages: a path or an address. */
  readonly name: string;
  /** Newest first. */
  list(): Promise<PassHead[]>;
  show(): Promise<{ head: PassHead; summary: string }>;
  sets(): Promise<{ readonly [set: string]: number }>;
  /** Null when there is no such set. */
  set(name: string): Promise<readonly string[] | null>;
  /** Null when the pass does not know the node. */
  explain(node: string): Promise<Explanation | null>;
}

export interface SourceFlags {
  readonly pass?: string;
  readonly server?: string;
}

const DEFAULT_SERVER = 'http://127.0.0.1:8080';
/** An aggregator on this site answers in milliseconds; a folder of 100,000 nodes takes it seconds. */
const ANSWER_DEADLINE_MS = 15_000;

/** `--pass` names a folder, or with `--server` the id of a pass there. */
export async function openSource({ pass, server }: SourceFlags, env: Readonly<NodeJS.ProcessEnv>): Promise<PassSource> {
  if (pass !== undefined && server === undefined) return folderSource(await existing(pass));
  return serverSource(serverUrl(server, env), pass ?? 'latest');
}

/** Without a slash at its end. */
export function serverUrl(server: string | undefined, env: Readonly<NodeJS.ProcessEnv>): string {
  return (server ?? env['TRIVET_SERVER'] ?? DEFAULT_SERVER).replace(/\/+$/, '');
}

async function existing(path: string): Promise<string> {
  try {
    const folder = await realpath(path);
    await access(join(folder, 'pass.json'));
    return folder;
  } catch {
    throw new UsageError(
      `${path} is not a pass folder (it holds no pass.json); \`trivet pass ls --dir DIR\` lists them`,
    );
  }
}

function folderSource(folder: string): PassSource {
  const detail = async () => {
    const found = await readFolder(folder);
    if (found === null) throw new Error(`${folder} is the folder of a pass that was cut short: run it again`);
    return found;
  };
  return {
    name: folder,
    list: () => listPasses(dirname(dirname(folder)), basename(dirname(folder))),
    show: async () => {
      const { head, summary } = await detail();
      return { head, summary };
    },
    sets: async () => (await detail()).sets,
    // What a pass that was cut short left is no answer, also where it is whole.
    set: async (name) => {
      await detail();
      return readSetOf(folder, name);
    },
    explain: async (node) => {
      await detail();
      return explainNode(folder, node);
    },
  };
}

const listSchema = z.object({ passes: z.array(headSchema) });
const showSchema = z.looseObject({ head: headSchema, sets: z.record(z.string(), z.number()) });
const setSchema = z.object({ nodes: z.array(z.string()) });
const errorSchema = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) });

function serverSource(base: string, pass: string): PassSource {
  const get = <Body>(path: string, schema: z.ZodType<Body>) => ask(`${base}${path}`, schema);
  const one = `/v1/passes/${encodeURIComponent(pass)}`;
  const must = async <Body>(path: string, schema: z.ZodType<Body>) => {
    const body = await get(path, schema);
    if (body === null) throw new Error(`${base} has no finished pass ${pass}; \`trivet pass ls\` lists them`);
    return body;
  };
  return {
    name: base,
    list: async () => (await must('/v1/passes', listSchema)).passes,
    show: async () => {
      const { head } = await must(one, showSchema);
      const summary = await (await request(`${base}${one}/summary`)).text();
      return { head, summary };
    },
    sets: async () => (await must(one, showSchema)).sets,
    set: async (name) => (await get(`${one}/sets/${name}`, setSchema))?.nodes ?? null,
    explain: (node) =>
      get(`/v1/nodes/${encodeURIComponent(node)}/explain?pass=${encodeURIComponent(pass)}`, explanationSchema),
  };
}

/** Null for 404. */
async function ask<Body>(url: string, schema: z.ZodType<Body>): Promise<Body | null> {
  const response = await request(url);
  const body: unknown = await response.json();
  if (response.status === 404) return null;
  if (!response.ok) {
    const said = errorSchema.safeParse(body);
    throw new Error(
      `${url} answered ${response.status}: ${said.success ? said.data.error.message : 'no reason given'}`,
    );
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Error(`${url} answered something else: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

async function request(url: string): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    const hint = 'Start the aggregator, name it with --server URL, or read a folder with --pass DIR.';
    throw new Error(`${url} does not answer: ${cause}. ${hint}`, { cause: error });
  }
}
