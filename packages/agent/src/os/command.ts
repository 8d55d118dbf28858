/**
 * Runs a vendor tool without a shell. These tools hang inside a sick driver, ignore signals, spew and write half a
 * document, so every run has a deadline, a byte limit and a bounded wait after SIGKILL: a process in uninterruptible sleep
 * ends when its driver lets go, perhaps never. Such a process is left behind, remembered, and no second one is started
 * while it lives (`tool.ts`): piling more of them onto a sick driver makes it worse.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

export interface CommandSpec {
  readonly path: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  /** Of standard output and standard error together; a tool that writes more is ended. */
  readonly outputLimitBytes?: number;
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  /** Instead of ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it left running in its process group ends with it; else only what still holds its pipes does. */
  readonly leavesNothing?: boolean;
  /** Takes out of standard output what nobody reads, before it becomes text. */
  readonly reduce?: (stdout: Buffer) => Buffer;
}

/** A killed process that has not ended. */
export interface Survivor {
  readonly pid: number;
  readonly startedAt: string;
  readonly hasEnded: () => boolean;
}

export type CommandResult =
  | {
      readonly kind: 'exited';
      readonly code: number | null;
      readonly signal: string | null;
      readonly stdout: string;
      readonly stderr: string;
    }
  /** `survivor` is null when SIGKILL ended it. */
  | {
      readonly kind: 'timed-out' | 'too-much-output' | 'stopped';
      readonly stdout: string;
      readonly survivor: Survivor | null;
    }
  | { readonly kind: 'not-found' | 'not-executable' | 'failed'; readonly reason: string }
  | { readonly kind: 'busy'; readonly reason: string };

export type Run = (spec: CommandSpec) => Promise<CommandResult>;

/** Forty times the largest document seen (`nvidia-smi -q -x` of eight B200: 357 kB), which leaves room for long process lists. */
const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;
/** How long a killed process gets to disappear, and a pipe held by a grandchild to close. Normally a millisecond. */
const SETTLE_MS = 2000;

/** Replaced in tests only: no test can make a process that SIGKILL does not end. */
type KillGroup = (pid: number) => void;

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended by itself. There is nothing else that could be done about any other error.
  }
}

/** Never throws and never rejects; resolves within the deadline plus twice SETTLE_MS, whatever the program does. */
export function runCommand(spec: CommandSpec, kill: KillGroup = killGroup): Promise<CommandResult> {
  return new Promise((resolve) => {
    if (spec.signal?.aborted === true) return resolve({ kind: 'stopped', stdout: '', survivor: null });
    try {
      // Detached: a process group of its own, so that SIGKILL reaches what the tool itself has started.
      const child = spawn(spec.path, spec.args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
        // We read its texts: no translation.
        env: { ...(spec.env ?? process.env), LC_ALL: 'C' },
        ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      });
      new Running(child, spec, kill, resolve).watch();
    } catch (error) {
      resolve({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    }
  });
}

type Cause = 'timed-out' | 'too-much-output' | 'stopped';

/** One run from start to result: whatever comes first of its end, the deadline, the byte limit and the caller's stop. */
class Running {
  readonly #child: ChildProcess;
  readonly #spec: CommandSpec;
  readonly #kill: KillGroup;
  readonly #resolve: (result: CommandResult) => void;
  readonly #startedAt = new Date().toISOString();
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #bytes = 0;
  /** Why we killed it; null when it ended by itself. */
  #cause: Cause | null = null;
  #exit: { readonly code: number | null; readonly signal: string | null } | null = null;
  #deadline: NodeJS.Timeout | undefined;
  #settle: NodeJS.Timeout | undefined;
  #resolved = false;

  constructor(child: ChildProcess, spec: CommandSpec, kill: KillGroup, resolve: (result: CommandResult) => void) {
    this.#child = child;
    this.#spec = spec;
    this.#kill = kill;
    this.#resolve = resolve;
  }

  watch(): void {
    const child = this.#child;
    this.#deadline = setTimeout(() => this.#end('timed-out'), this.#spec.timeoutMs);
    this.#spec.signal?.addEventListener('abort', this.#stop, { once: true });
    child.stdout?.on('data', (chunk: Buffer) => this.#take(this.#stdout, chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#take(this.#stderr, chunk));
    child.on('error', (error) => {
      // Without a pid it was never started; with one it is a signal that could not be sent, and the wait is bounded anyway.
      if (child.pid === undefined) this.#finish(spawnFailure(this.#spec.path, error));
    });
    child.on('exit', (code, signal) => this.#exited(code, signal));
    child.on('close', () => {
      // Its group's number is not given to anybody else so soon: process ids go round.
      if (this.#spec.leavesNothing === true && child.pid !== undefined) this.#kill(child.pid);
      this.#finish(this.#outcome());
    });
  }

  readonly #stop = (): void => this.#end('stopped');

  #take(into: Buffer[], chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > (this.#spec.outputLimitBytes ?? OUTPUT_LIMIT_BYTES)) this.#end('too-much-output');
    else into.push(chunk);
  }

  #end(cause: Cause): void {
    if (this.#cause !== null || this.#exit !== null) return;
    this.#cause = cause;
    this.#killAndSettle();
  }

  #killAndSettle(): void {
    if (this.#child.pid !== undefined) this.#kill(this.#child.pid);
    this.#settle = setTimeout(() => this.#finish(this.#outcome()), SETTLE_MS);
  }

  #exited(code: number | null, signal: string | null): void {
    this.#exit = { code, signal };
    clearTimeout(this.#deadline);
    if (this.#resolved || this.#cause !== null) return;
    // Something it started may still hold the pipes: a little time for the rest of the text, then that is ended too.
    this.#settle = setTimeout(() => this.#killAndSettle(), SETTLE_MS);
  }

  #outcome(): CommandResult {
    const bytes = Buffer.concat(this.#stdout);
    const stdout = (this.#spec.reduce?.(bytes) ?? bytes).toString('utf8');
    if (this.#cause === null) {
      const stderr = Buffer.concat(this.#stderr).toString('utf8');
      return { kind: 'exited', ...(this.#exit ?? { code: null, signal: null }), stdout, stderr };
    }
    const { pid } = this.#child;
    const alive = this.#exit === null && pid !== undefined;
    const survivor = alive ? { pid, startedAt: this.#startedAt, hasEnded: () => this.#exit !== null } : null;
    return { kind: this.#cause, stdout, survivor };
  }

  #finish(result: CommandResult): void {
    if (this.#resolved) return;
    this.#resolved = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#settle);
    this.#spec.signal?.removeEventListener('abort', this.#stop);
    // A pipe that somebody still holds, or a process that does not end, must not keep ours alive.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#child.unref();
    this.#resolve(result);
  }
}

function spawnFailure(path: string, error: NodeJS.ErrnoException): CommandResult {
  if (error.code === 'ENOENT')
    return { kind: 'not-found', reason: `${path}: no such program (or its interpreter is missing)` };
  if (error.code === 'EACCES') return { kind: 'not-executable', reason: `${path}: may not be executed` };
  return { kind: 'failed', reason: `${path}: ${error.message}` };
}
