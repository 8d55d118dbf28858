/** What `trivet demo` does: starts the demo, makes passes, prints them, and ends cleanly whatever ends it. */
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PassOutcome } from '@trivet/aggregator/passes/index.ts';
import { claimDemoFolder, defaultDemoFolder, releaseDemoFolder } from '@trivet/simulator/demo-folder.ts';
import { DEMO_CLUSTER, startDemo, type RunningDemo } from '@trivet/simulator/demo.ts';
import type { CliContext } from '../context.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_REFUSED } from '../exit.ts';
import type { DemoFlags } from './demo.ts';

/** Enough for a plan: the first pass is withheld, because nobody can have been heard three times yet. */
const OPENING_PASSES = 3;
/** Wall time between later passes: a line can be read before the next comes. */
const PASS_EVERY_MS = 3000;
/** Ctrl-C reaches us from the terminal and again from npm and the bootstrap, which hand it on. */
const ONE_KEYSTROKE_MS = 500;

interface Output {
  result(text: string): void;
  progress(text: string): void;
}

export async function runDemo(flags: DemoFlags, cli: CliContext['process']): Promise<void> {
  const output: Output = {
    result: (text) => cli.stdout.write(`${text}\n`),
    progress: (text) => cli.stderr.write(`trivet demo: ${text}\n`),
  };
  const dir = resolve(flags.dir ?? defaultDemoFolder(process.env));
  const refusal = await claimDemoFolder(dir, process.pid);
  if (refusal !== null) {
    output.progress(refusal);
    cli.exitCode = EXIT_REFUSED;
    return;
  }
  const interrupt = new AbortController();
  let stoppingSince: number | null = null;
  const onSignal = (name: NodeJS.Signals): void => {
    if (stoppingSince !== null && performance.now() - stoppingSince > ONE_KEYSTROKE_MS) process.exit(EXIT_FAILED);
    if (stoppingSince !== null) return;
    stoppingSince = performance.now();
    output.progress(`${name}: stopping; once more to end at once`);
    interrupt.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  try {
    cli.exitCode = await runIn(dir, { flags, output, signal: interrupt.signal });
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
    await releaseDemoFolder(dir);
  }
}

interface Run {
  readonly flags: DemoFlags;
  readonly output: Output;
  readonly signal: AbortSignal;
}

async function runIn(dir: string, run: Run): Promise<number> {
  const { flags, output, signal } = run;
  const { nodes, seed, port } = flags;
  const demo = await startDemo({ nodes, seed, dir, port, realAgents: true, progress: output.progress, signal });
  let made = 0;
  let last: PassOutcome | null = null;
  try {
    await makePasses(demo, run, (outcome) => {
      made += 1;
      last = outcome;
    });
  } catch (error) {
    // An interrupt ends a wait by rejecting it: that is how a demo without --once is meant to end.
    if (!signal.aborted) {
      output.progress(error instanceof Error ? error.message : String(error));
      return EXIT_FAILED;
    }
  } finally {
    await demo.stop();
  }
  if (flags.json) output.result(JSON.stringify({ ...whereOf(demo, dir), passes: made, ...resultOf(last) }));
  return flags.once && made < OPENING_PASSES ? EXIT_FAILED : EXIT_DONE;
}

async function makePasses(demo: RunningDemo, run: Run, made: (outcome: PassOutcome) => void): Promise<void> {
  const { flags, output, signal } = run;
  const end = flags.minutes === undefined ? Infinity : performance.now() + flags.minutes * 60_000;
  for (let pass = 1; ; pass += 1) {
    const outcome = await demo.nextPass();
    made(outcome);
    if (!flags.json) output.result(lineOf(outcome));
    if (pass === OPENING_PASSES && !flags.json) output.result(`\n${outcome.summary}\n${demo.url}/`);
    if (flags.once && pass === OPENING_PASSES) {
      output.progress(`the page is gone, the pass is kept: npx trivet explain NODE --pass ${outcome.folder}`);
      return;
    }
    if (pass === OPENING_PASSES)
      output.progress(`the page is at ${demo.url}/ and a pass comes every ${PASS_EVERY_MS / 1000} s; Ctrl-C ends it`);
    if (performance.now() >= end) return;
    if (pass >= OPENING_PASSES) await sleep(Math.min(PASS_EVERY_MS, end - performance.now()), undefined, { signal });
  }
}

function lineOf({ id, outcome, planned, headroom, refusals, setSizes }: PassOutcome): string {
  const codes = Object.entries(refusals).map(([code, count]) => `${code} ${count}`);
  const suspects = setSizes['derived/suspect'] ?? 0;
  return `pass ${id}  ${outcome}: ${suspects} suspect, ${planned} planned, headroom ${headroom}, refused: ${codes.join(', ') || 'none'}`;
}

function whereOf({ url }: RunningDemo, dir: string): object {
  return { schema: 'trivet.demo/v1', url, passesDir: join(dir, 'passes', DEMO_CLUSTER) };
}

function resultOf(last: PassOutcome | null): object {
  if (last === null) return { last: null, summary: null };
  const { id, outcome, planned, headroom, refusals, setSizes, summary } = last;
  return { last: { id, outcome, planned, headroom, refusals, setSizes }, summary };
}
