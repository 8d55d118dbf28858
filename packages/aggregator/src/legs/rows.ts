/**
 * A leg from a file: YAML or JSON, either a list of rows or an object with `rows` beside `asOf`, `cluster` and `complete`.
 * Whatever is wrong becomes an error with what, where and how to mend it, and makes the observation incomplete: never a
 * throw, and never fewer rows in silence.
 */
import { readFile, stat } from 'node:fs/promises';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type ParsedNode } from 'yaml';
import { z } from 'zod';
import { NEVER_OBSERVED, type Leg, type Observation, type ObservationError } from '@trivet/shared/model/observation.ts';

/** 100,000 nodes are about 100 MB of JSON telemetry; a file beyond this is not one of ours. */
const FILE_MAX_BYTES = 512 * 1024 * 1024;
/** Enough to mend a file by; the count of all is in the last one. */
const ERRORS_MAX = 50;

export interface FileDocument {
  readonly value: unknown;
  /** Modification time: the file's own `asOf`, where it has one, is better. */
  readonly modifiedAt: string;
  /** Where a path into the document is, for people: `inventory.yaml:12:5`. */
  locate(path: readonly (string | number)[]): string;
}

export type FileRead =
  | { readonly ok: true; readonly document: FileDocument }
  | { readonly ok: false; readonly error: ObservationError };

/** JSON by its extension or first character; anything else is YAML, which has lines to point at. */
export async function readDocument(path: string): Promise<FileRead> {
  try {
    const found = await stat(path);
    const { size, mtime } = found;
    // A pipe would be waited for without end.
    if (!found.isFile()) return fileError('file.unreadable', path, 'is not a file: name the file itself');
    if (size > FILE_MAX_BYTES)
      return fileError('file.too-large', path, `${size} bytes; at most ${FILE_MAX_BYTES} are read`);
    const text = await readFile(path, 'utf8');
    const modifiedAt = mtime.toISOString();
    return path.endsWith('.json') || /^\s*[{[]/.test(text)
      ? parseJson(path, text, modifiedAt)
      : parseYaml(path, text, modifiedAt);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return fileError('file.unreadable', path, `cannot be read: ${message}`);
  }
}

function fileError(code: string, where: string, message: string): FileRead {
  return { ok: false, error: { code, where, message } };
}

function parseJson(path: string, text: string, modifiedAt: string): FileRead {
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, document: { value, modifiedAt, locate: (at) => `${path}#/${at.join('/')}` } };
  } catch (error) {
    return fileError('file.syntax', path, `is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseYaml(path: string, text: string, modifiedAt: string): FileRead {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const [problem] = document.errors;
  if (problem !== undefined) {
    const [what = problem.code] = problem.message.split('\n');
    return fileError('file.syntax', place(problem.pos[0]), `is not YAML: ${what.replace(/ at line \d+.*$/, '')}`);
  }
  const locate = (at: readonly (string | number)[]) => place(nodeAt(document.contents, at)?.range?.[0] ?? 0);
  // maxAliasCount bounds "billion laughs": a document that expands itself.
  return { ok: true, document: { value: document.toJS({ maxAliasCount: 100 }), modifiedAt, locate } };
}

/** The deepest node on the way to a path. */
function nodeAt(root: ParsedNode | null, path: readonly (string | number)[]): Node | null {
  let node: Node | null = root;
  for (const key of path) {
    if (!isMap(node) && !isSeq(node)) return node;
    const next: unknown = node.get(key, true);
    if (!isMap(next) && !isSeq(next) && !isScalar(next)) return node;
    node = next;
  }
  return node;
}

const wrapperSchema = z.looseObject({
  rows: z.array(z.unknown()),
  asOf: z.iso.datetime({ offset: true }).optional(),
  observedAt: z.iso.datetime({ offset: true }).optional(),
  cluster: z.string().optional(),
  complete: z.boolean().optional(),
});

export interface RowsRequest<Row> {
  readonly leg: Leg;
  readonly cluster: string;
  readonly document: FileDocument;
  readonly path: string;
  readonly schema: z.ZodType<Row>;
  /** A name twice fails the leg; in telemetry it only makes that node unknown, which the core sees to. */
  readonly allowDoubled: boolean;
}

export function rowsToObservation<Row extends { readonly node: string }>(request: RowsRequest<Row>): Observation<Row> {
  const { leg, cluster, document, path, schema } = request;
  const bare = Array.isArray(document.value);
  const wrapper = wrapperSchema.safeParse(bare ? { rows: document.value } : document.value);
  if (!wrapper.success) {
    const message = 'neither a list of rows nor an object with `rows` (and optionally asOf, cluster, complete)';
    return failedObservation(leg, cluster, { code: `${leg}.shape`, where: path, message });
  }
  const { rows: raw, asOf, observedAt, complete = true, cluster: stated = cluster } = wrapper.data;
  const rows: Row[] = [];
  const errors = new ErrorList();
  raw.forEach((value, index) => {
    const parsed = schema.safeParse(value);
    if (parsed.success) rows.push(parsed.data);
    else errors.add(rowError(leg, document, [...(bare ? [] : ['rows']), index], parsed.error));
  });
  if (!request.allowDoubled) doubled(leg, path, rows).forEach((error) => errors.add(error));
  const at = asOf ?? observedAt ?? document.modifiedAt;
  const list = errors.list();
  return { leg, cluster: stated, observedAt: at, complete: complete && list.length === 0, errors: list, rows };
}

/** Nothing could be read: no rows, not complete, and infinitely old, so that nobody takes it for an empty fleet. */
export function failedObservation(leg: Leg, cluster: string, error: ObservationError): Observation<never> {
  return { leg, cluster, observedAt: NEVER_OBSERVED, complete: false, errors: [error], rows: [] };
}

/** What is wrong, in words: the library's own are about types that only we know. */
export function issueText(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'not understood';
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return `missing: write a ${issue.expected}`;
  if (issue.code === 'invalid_type')
    return issue.message.replace('Invalid input: expected', 'write a').replace(', received', ', not');
  if (issue.code === 'unrecognized_keys' && issue.message.startsWith('Unrecognized'))
    return `no such key: ${issue.keys.join(', ')}`;
  return issue.message;
}

function rowError(
  leg: Leg,
  document: FileDocument,
  at: readonly (string | number)[],
  error: z.ZodError,
): ObservationError {
  const [issue] = error.issues;
  const path = (issue?.path ?? []).filter((key) => typeof key !== 'symbol');
  const field = path.length === 0 ? 'the row' : path.join('.');
  const message = `row ${at.at(-1) ?? 0}: ${field}: ${issueText(issue)}`;
  return { code: `${leg}.row`, where: document.locate([...at, ...path]), message };
}

function doubled(leg: Leg, path: string, rows: readonly { readonly node: string }[]): ObservationError[] {
  return [...Map.groupBy(rows, ({ node }) => node)]
    .filter(([, entries]) => entries.length > 1)
    .map(([node, entries]) => ({
      code: `${leg}.doubled`,
      where: path,
      message: `${node} has ${entries.length} rows; leave the one that is true`,
    }));
}

/** Bounded: a broken export of 100,000 rows is one mistake, not 100,000. */
class ErrorList {
  readonly #errors: ObservationError[] = [];
  #count = 0;

  add(error: ObservationError): void {
    this.#count++;
    if (this.#errors.length < ERRORS_MAX) this.#errors.push(error);
  }

  list(): ObservationError[] {
    const left = this.#count - this.#errors.length;
    if (left === 0) return this.#errors;
    return [...this.#errors, { code: 'more', where: '', message: `and ${left} more errors of this kind` }];
  }
}
