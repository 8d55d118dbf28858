/**
 * The JSON in what an AMD tool printed. Both are Python programs that write warnings before it, print one document after
 * another (`amd-smi xgmi --json`, releases 6.3 and 6.4), or a text in place of it; a run that is killed leaves half a document.
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export type JsonText =
  /** At least one. `before` and `after`: what else was printed. */
  | {
      readonly kind: 'documents';
      readonly documents: readonly Json[];
      readonly before: string;
      readonly after: string;
    }
  | { readonly kind: 'not-json' | 'cut'; readonly reason: string };

/** Documents of the tools are six deep (`metric`); a deeper one is not theirs. */
const DEPTH_MAX = 64;
/** Tries at most: a log line may begin with a bracket, too. Each may read 16 MiB to the end. */
const STARTS_MAX = 8;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function readJson(text: string): JsonText {
  const documents: Json[] = [];
  const around = { before: '', after: '' };
  let problem = 'no { or [ at the beginning of a line';
  let isCut = false;
  let position = 0;
  const pass = (until: number): void => {
    around[documents.length === 0 ? 'before' : 'after'] += text.slice(position, until);
    position = until;
  };
  for (let tries = 0; tries < STARTS_MAX; tries++) {
    const start = nextStart(text, position);
    if (start === -1) break;
    pass(start);
    const end = endOf(text, start);
    const parsed = typeof end === 'number' ? parse(text.slice(start, end)) : { problem: end };
    if ('value' in parsed && typeof end === 'number') {
      documents.push(parsed.value);
      position = end;
      continue;
    }
    if ('problem' in parsed) problem = parsed.problem;
    isCut ||= end === NOT_CLOSED;
    pass(start + 1);
  }
  // Half a document after a whole one: which half of the truth it is cannot be told.
  if (documents.length === 0 || isCut) return { kind: isCut ? 'cut' : 'not-json', reason: problem };
  pass(text.length);
  return { kind: 'documents', documents, before: around.before.trim(), after: around.after.trim() };
}

/** Of the next line that begins with a bracket, or of one that follows a document on its own line. */
function nextStart(text: string, from: number): number {
  const pattern = from === 0 ? /^[ \t]*[[{]/gm : /(?:^|(?<=[\]}]))[ \t]*[[{]/gm;
  pattern.lastIndex = from;
  const found = pattern.exec(text);
  return found === null ? -1 : found.index + found[0].length - 1;
}

const NOT_CLOSED = 'the document is not closed';
const TOO_DEEP = `the document is more than ${DEPTH_MAX} deep`;

/** Index after the bracket that closes the one at `start`, or why there is none. */
function endOf(text: string, start: number): number | string {
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index++) {
    const char = text[index];
    if (inString) {
      if (char === '\\') index += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      depth += 1;
      if (depth > DEPTH_MAX) return TOO_DEEP;
    } else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return NOT_CLOSED;
}

function parse(text: string): { readonly value: Json } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message.slice(0, 200) : String(error) };
  }
}

/**
 * GPUs of one document, under the same shape whatever the release: a bare list (6.0 to 6.3), `{"gpu_data": [ … ]}` (6.4 and
 * later), a single GPU, or rocm-smi's `{"card0": { … }}`. CPU sockets, which amd-smi lists beside GPUs, are none.
 */
export function gpuEntries(document: Json, wrappers: readonly string[] = ['gpu_data']): readonly JsonObject[] {
  if (isList(document)) return document.filter(isObject).filter((entry) => field(entry, 'cpu') === undefined);
  if (!isObject(document)) return [];
  const wrapped = wrappers.map((name) => field(document, name)).find(isList);
  if (wrapped !== undefined) return gpuEntries(wrapped, wrappers);
  return field(document, 'gpu') === undefined ? [] : [document];
}

const keyed = new WeakMap<JsonObject, ReadonlyMap<string, Json>>();

/** Releases change the case of keys, and write a blank for an underscore: neither means anything. */
function plainKey(key: string): string {
  return key
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, '_');
}

export function field(object: JsonObject, key: string): Json | undefined {
  let fields = keyed.get(object);
  if (fields === undefined) {
    // The first of two that differ in nothing that matters.
    fields = new Map(
      Object.entries(object)
        .toReversed()
        .map(([name, value]) => [plainKey(name), value] as const),
    );
    keyed.set(object, fields);
  }
  return fields.get(plainKey(key));
}
