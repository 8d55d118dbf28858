/**
 * `npm run fuzz -- --documents 200000`: damaged documents through the agent's own collectors, checks and verdict, until a number
 * or a time is reached. What fails is written to a folder with the command that does it again. Exit 1 when anything failed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { CORPUS } from './seeds.ts';
import { subjects } from './subjects.ts';

/** A poll has 30 s for its tool; half a minute of our own work on one answer is no better than a crash. */
const HANG_MS = 10_000;
const FAILURES_KEPT = 100;

const USAGE = `usage: npm run fuzz -- [--documents N] [--seed N] [--seconds N] [--only SUBJECT] [--document N] [--out DIR]
  --documents N   so many documents (default 200000)
  --seed N        the same documents again (default: from the clock)
  --seconds N     end after so many seconds, whatever is left
  --only SUBJECT  ${subjects()
    .map(({ name }) => name)
    .join(', ')}
  --document N    this one document of the seed
  --out DIR       where failures are written (default: trivet-fuzz-SEED in the folder for temporary files)
Captures are taken from TRIVET_CORPUS when it is set.`;

interface Told {
  readonly document: number;
  readonly key: string;
  readonly tookMs: number;
  readonly failed?: { readonly made: string; readonly input: string; readonly failures: readonly string[] };
}

class Run {
  readonly #seed: number;
  readonly #only: string | null;
  readonly #out: string;
  readonly #begunMs = performance.now();
  readonly #counts = new Map<string, number>();
  #done = 0;
  #failed = 0;
  #slowest = { document: -1, tookMs: 0 };

  constructor({ seed, only, out }: { seed: number; only: string | null; out: string }) {
    this.#seed = seed;
    this.#only = only;
    this.#out = out;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Resolves to the first document that was not done: `to`, or the one after a hang, or where the time was over. */
  part(from: number, to: number, untilMs: number): Promise<number> {
    const current = new SharedArrayBuffer(4);
    const workerData = { seed: this.#seed, from, to, only: this.#only, current };
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData });
    const place = new Int32Array(current);
    place[0] = from;
    return new Promise((resolve, reject) => {
      let seen = { document: from, sinceMs: performance.now() };
      const watch = setInterval(() => {
        const document = Atomics.load(place, 0);
        const nowMs = performance.now();
        if (document !== seen.document) seen = { document, sinceMs: nowMs };
        const hangs = nowMs - seen.sinceMs > HANG_MS;
        if (hangs) this.#fail(document, { made: 'unknown', input: '', failures: [`no end within ${HANG_MS} ms`] });
        if (hangs) this.#done += 1;
        if (hangs || nowMs > untilMs) end(hangs ? document + 1 : Number.POSITIVE_INFINITY);
      }, 500);
      const end = (next: number): void => {
        clearInterval(watch);
        worker.removeAllListeners();
        void worker.terminate().then(() => resolve(next), reject);
      };
      worker.on('message', (told: Told) => this.#take(told));
      worker.on('error', reject);
      worker.on('exit', () => end(to));
    });
  }

  #take({ document, key, tookMs, failed }: Told): void {
    this.#done += 1;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (tookMs > this.#slowest.tookMs) this.#slowest = { document, tookMs };
    if (failed !== undefined) this.#fail(document, failed);
    if (this.#done % 5000 === 0) console.error(this.#progress());
  }

  #fail(document: number, { made, input, failures }: NonNullable<Told['failed']>): void {
    this.#failed += 1;
    if (this.#failed > FAILURES_KEPT) return;
    const again = `npm run fuzz -- --seed ${this.#seed} --document ${document}${this.#only === null ? '' : ` --only ${this.#only}`}`;
    const corpus = CORPUS === undefined ? '' : 'TRIVET_CORPUS was set\n';
    mkdirSync(this.#out, { recursive: true });
    writeFileSync(join(this.#out, `${document}.txt`), `${again}\n${corpus}${made}\n${failures.join('\n')}\n`);
    writeFileSync(join(this.#out, `${document}.input`), input);
    console.error(`document ${document}: ${made}\n  ${failures.slice(0, 5).join('\n  ')}\n  again: ${again}`);
  }

  #progress(): string {
    const seconds = (performance.now() - this.#begunMs) / 1000;
    return `${this.#done} documents, ${this.#failed} failed, ${Math.round(this.#done / seconds)} a second`;
  }

  summary(): string {
    const counts = [...this.#counts]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, count]) => `  ${key}: ${count}`);
    const { document, tookMs } = this.#slowest;
    const slowest = `slowest: document ${document}, ${Math.round(tookMs)} ms`;
    const kept = this.#failed === 0 ? [] : [`failures are in ${this.#out}`];
    return [`seed ${this.#seed}: ${this.#progress()}`, ...counts, slowest, ...kept].join('\n');
  }
}

function settings() {
  const { values } = parseArgs({
    options: {
      documents: { type: 'string', default: '200000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
      seconds: { type: 'string', default: '1000000' },
      only: { type: 'string' },
      document: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (text: string, name: string): number => {
    if (!/^\d{1,9}$/.test(text)) throw new RangeError(`--${name} ${text}: a whole number is needed`);
    return Number(text);
  };
  const only = values.only ?? null;
  if (only !== null && !subjects().some(({ name }) => name === only))
    throw new RangeError(`--only ${only}: no such subject`);
  const seed = number(values.seed, 'seed');
  const from = values.document === undefined ? 0 : number(values.document, 'document');
  const to = values.document === undefined ? number(values.documents, 'documents') : from + 1;
  const out = values.out ?? join(tmpdir(), `trivet-fuzz-${seed}`);
  return { help: values.help, seed, only, out, from, to, seconds: number(values.seconds, 'seconds') };
}

async function main(): Promise<number> {
  let asked;
  try {
    asked = settings();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return 64;
  }
  if (asked.help) {
    console.log(USAGE);
    return 0;
  }
  console.error(`seed ${asked.seed}, ${CORPUS === undefined ? 'without a corpus' : `corpus ${CORPUS}`}`);
  const run = new Run(asked);
  const untilMs = performance.now() + asked.seconds * 1000;
  for (let from = asked.from; from < asked.to;) from = await run.part(from, asked.to, untilMs);
  console.log(run.summary());
  return run.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
