/**
 * Runs a check on nodes through an aggregator and reads its answer as it comes, line by line. An answer that ends without a
 * summary was cut short: then nodes are missing from it, which is told and never taken for "all ok".
 */
import { z } from 'zod';
import { checkLine, type CheckLine, type CheckResultLine } from '@trivet/aggregator/api/check-lines.ts';

export interface CheckRequest {
  readonly server: string;
  readonly token: string | null;
  readonly body: {
    readonly check: string;
    readonly nodes: readonly string[] | string;
    readonly timeoutMs: number;
    readonly concurrency: number;
  };
}

export type NodeAnswer = Omit<CheckResultLine, 'kind'>;

export interface CheckOutcome {
  /** By node name. */
  readonly results: readonly NodeAnswer[];
  readonly counts: { readonly ok: number; readonly failed: number; readonly unknown: number };
  /** Why this is not the whole answer; null when it is. */
  readonly problem: string | null;
}

/** Each node answers, or is given up, within its time-out; this long after it the aggregator itself is silent. */
const SLACK_MS = 15_000;
/** A text has 4 KiB at most; escaped, six bytes a character. */
const LINE_MAX = 64 * 1024;
/** As many agents as an aggregator takes connections of. */
const RESULTS_MAX = 200_000;

const errorBody = z.looseObject({ error: z.looseObject({ message: z.string() }) });

/** `refused`: the aggregator would not begin, in its words. Throws when it cannot be asked at all. */
export async function runChecks(
  { server, token, body }: CheckRequest,
  progress: (answered: number, expected: number) => void,
): Promise<CheckOutcome | { readonly refused: string }> {
  const silence = new Silence(body.timeoutMs + SLACK_MS);
  try {
    const response = await begin(`${server}/v1/checks/run`, token, {
      body: JSON.stringify(body),
      signal: silence.signal,
    });
    if (response.status >= 400 && response.status < 500) return { refused: await reasonOf(response) };
    if (!response.ok || response.body === null)
      throw new Error(`${server} answered ${response.status}: ${await reasonOf(response)}`);
    return await collect(response.body, silence, progress);
  } finally {
    silence.end();
  }
}

async function begin(
  url: string,
  token: string | null,
  init: { body: string; signal: AbortSignal },
): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  try {
    // A redirect would take the question, and perhaps the token, to somebody else.
    return await fetch(url, { ...init, method: 'POST', headers, redirect: 'error' });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(`${url} does not answer: ${cause}. Name the aggregator with --server URL.`, { cause: error });
  }
}

async function collect(
  body: ReadableStream<Uint8Array>,
  silence: Silence,
  progress: (answered: number, expected: number) => void,
): Promise<CheckOutcome> {
  const results: NodeAnswer[] = [];
  let expected = 0;
  let summary: Extract<CheckLine, { kind: 'summary' }> | null = null;
  let problem: string | null = null;
  try {
    for await (const text of linesOf(body)) {
      silence.heard();
      const line = checkLine.parse(JSON.parse(text));
      if (line.kind === 'begun') expected = line.nodes;
      else if (line.kind === 'summary') summary = line;
      else if (results.push(answerOf(line)) > RESULTS_MAX) throw new Error(`more than ${RESULTS_MAX} results`);
      progress(results.length, expected);
    }
  } catch (error) {
    problem = `the answer broke off: ${error instanceof Error ? error.message : String(error)}`;
  }
  const count = (wanted: CheckResultLine['state']) => results.filter(({ state }) => state === wanted).length;
  return {
    results: results.toSorted((a, b) => (a.node < b.node ? -1 : 1)),
    counts: { ok: count('ok'), failed: count('failed'), unknown: count('unknown') },
    problem: problem ?? missing(results.length, expected, summary),
  };
}

function answerOf({ node, state, text, ms }: CheckResultLine): NodeAnswer {
  return { node, state, text, ms };
}

function missing(answered: number, expected: number, summary: { readonly notAsked: number } | null): string | null {
  if (summary === null) return `the answer was cut short after ${answered} of ${expected} nodes`;
  if (summary.notAsked > 0) return `${summary.notAsked} nodes were not asked any more: the run took too long`;
  if (answered !== expected) return `the answer has ${answered} results for ${expected} nodes`;
  return expected === 0 ? 'nobody was asked: no node is meant' : null;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > LINE_MAX) throw new Error(`a line of more than ${LINE_MAX} characters`);
  }
  if (rest !== '') throw new Error('its last line is not whole');
}

async function reasonOf(response: Response): Promise<string> {
  const text = (await response.text().catch(() => '')).slice(0, LINE_MAX);
  try {
    return errorBody.parse(JSON.parse(text)).error.message;
  } catch {
    return `status ${response.status}, no reason given`;
  }
}

/** Gives up when nothing was heard for a while; a long answer that goes on is not cut off. */
class Silence {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#controller.abort(new Error(`nothing came for ${ms / 1000} s`)), ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
