/**
 * Site checks: programs in a folder, each of which says ok, fault, or that it cannot tell. They run in rounds of their own, one
 * at a time, and not within a look at the node: thirty slow scripts must not delay what the vendor's tool has to say. A look shows
 * what they told last. A check is known by the name of its file; whoever asks for one only ever has a name compared with those.
 */
import { performance } from 'node:perf_hooks';
import type { SiteCheckResult, SiteSample } from '@trivet/shared/model/site.ts';
import { SITE_CHECKS } from '../checks/check.ts';
import { runCommand } from '../os/command.ts';
import type { CommandResult, Run, Survivor } from '../os/command.ts';
import { inspectSiteCheck, listSiteChecks, trustedOwners } from '../os/site-checks.ts';
import type { SiteFile, SiteFolder, SiteListing } from '../os/site-checks.ts';
import type { Collected, Collector } from './collector.ts';
import { couldNotTell, readSiteResult } from './site-result.ts';
import type { SiteTold } from './site-result.ts';

export interface SiteChecksOptions {
  /** Null: none is configured any more; what checks said before is withdrawn. */
  readonly dir: string | null;
  readonly node: string;
  /** From round to round. */
  readonly everyMs: number;
  /** For one run. */
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  /** Names that an `ask` knows otherwise. */
  readonly reserved?: readonly string[];
  readonly owners?: readonly number[];
  readonly run?: Run;
}

/** One round of so many that all take their whole time (30 s) is over within 16 minutes; more belong into one program. */
const CHECKS_MAX = 32;
/** Of both outputs together. A result has some 3 kB at most; a check that says more than this says something else. */
const OUTPUT_LIMIT_BYTES = 64 * 1024;
/** Rounds that may be missed until a result is no longer what is so; the aggregator treats reports alike. */
const STALE_ROUNDS = 3;
/** A reason is read by people, and travels in every report. */
const REASON_MAX = 1024;
/** Where programs of a system are; nothing of the agent's own environment is handed on. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `there`: names of the checks, when none has the one that was asked for; `trouble`: why that cannot be told. */
export type SiteAsked =
  | { readonly result: SiteCheckResult }
  | { readonly there: readonly string[] }
  | { readonly trouble: string };

interface Result extends SiteCheckResult {
  readonly endedAtMs: number | null;
}

export class SiteChecks implements Collector<SiteSample> {
  readonly name = SITE_CHECKS;
  readonly #options: SiteChecksOptions;
  readonly #run: Run;
  readonly #results = new Map<string, Result>();
  /** Killed runs that have not ended, by check. */
  readonly #hanging = new Map<string, Survivor>();
  readonly #waiting = new Map<string, Promise<Result>>();
  #last: Promise<unknown> = Promise.resolve();
  #listing: SiteListing | null = null;
  #listedAtMs = 0;
  #hasRun = false;

  constructor(options: SiteChecksOptions) {
    this.#options = options;
    this.#run = options.run ?? runCommand;
  }

  /** Runs every check once, one after the other. Never rejects; resolves within the deadlines of all. */
  async round(signal: AbortSignal): Promise<void> {
    const { files } = await this.#list();
    for (const file of files.slice(0, CHECKS_MAX)) {
      if (signal.aborted) return;
      await this.#next(file.name, signal);
    }
    // Only now: until then the first round has told of some and not of others.
    this.#hasRun = true;
  }

  /** Runs the check of this name; nothing is run when there is none. Never rejects. */
  async ask(name: string, signal: AbortSignal): Promise<SiteAsked> {
    const { files, trouble } = await this.#list();
    if (trouble !== null) return { trouble };
    const there = files.slice(0, CHECKS_MAX).map((file) => file.name);
    const found = there.find((known) => known === name);
    return found === undefined ? { there } : { result: await this.#next(found, signal) };
  }

  /** What each check told last. Resolves at once. */
  collect(): Promise<Collected<SiteSample>> {
    return Promise.resolve(this.#collected());
  }

  #collected(): Collected<SiteSample> {
    const listing = this.#listing;
    if (listing === null || !this.#hasRun) return { state: 'unknown', reason: 'the first round has not ended' };
    if (listing.state === 'unknown') return { state: 'unknown', reason: listing.reason.slice(0, REASON_MAX) };
    const results = listing.files.map((file, index) => this.#resultOf(file, index));
    const sample = { checks: results.map(({ endedAtMs: _ms, ...result }) => result) };
    const takenAtMs = Math.min(this.#listedAtMs, ...results.flatMap(({ endedAtMs }) => endedAtMs ?? []));
    const untold = sample.checks.filter(({ state }) => state === 'unknown').map(({ name, text }) => `${name}: ${text}`);
    const problems = [...untold, ...listing.strays];
    if (problems.length === 0) return { state: 'ok', sample, takenAtMs };
    const reason = `${problems.length} could not tell: ${problems.join('; ')}`.slice(0, REASON_MAX);
    return { state: 'unknown', reason, sample, takenAtMs };
  }

  async #list(): Promise<{ readonly files: readonly SiteFile[]; readonly trouble: string | null }> {
    const folder = this.#folder();
    const listing: SiteListing =
      folder === null ? { state: 'ok', files: [], strays: [] } : notEmpty(await listSiteChecks(folder), folder.path);
    this.#listing = listing;
    this.#listedAtMs = this.#options.nowMs();
    if (listing.state === 'unknown') return { files: [], trouble: listing.reason };
    const names = new Set(listing.files.map(({ name }) => name));
    for (const name of this.#results.keys()) if (!names.has(name)) this.#results.delete(name);
    for (const [name, survivor] of this.#hanging) if (survivor.hasEnded()) this.#hanging.delete(name);
    return { files: listing.files, trouble: null };
  }

  #folder(): SiteFolder | null {
    const { dir, reserved = [], owners = trustedOwners() } = this.#options;
    return dir === null ? null : { path: dir, owners, reserved };
  }

  /** As it is now: a result that is too old is none. */
  #resultOf(file: SiteFile, index: number): Result {
    const { nowMs, everyMs } = this.#options;
    const result = this.#results.get(file.name);
    if (index >= CHECKS_MAX) {
      const reason = `not run: the folder holds more than ${CHECKS_MAX} checks; put several into one program`;
      return withTold(file.name, result, couldNotTell(reason));
    }
    if (result === undefined) return withTold(file.name, result, couldNotTell('it has not been run yet'));
    const ageMs = nowMs() - (result.endedAtMs ?? 0);
    if (result.endedAtMs === null || ageMs <= STALE_ROUNDS * everyMs) return result;
    const reason = `its last result is ${Math.round(ageMs / 1000)} s old: the checks together take too long`;
    return withTold(file.name, result, couldNotTell(reason));
  }

  /** Its turn comes after whatever runs now; who asks for one that waits already shares its result. */
  #next(name: string, signal: AbortSignal): Promise<Result> {
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) return waiting;
    const result = this.#last.then(() => {
      this.#waiting.delete(name);
      return this.#once(name, signal);
    });
    this.#waiting.set(name, result);
    this.#last = result;
    return result;
  }

  /** Never rejects. */
  async #once(name: string, signal: AbortSignal): Promise<Result> {
    const { nowMs } = this.#options;
    const before = this.#results.get(name);
    const begunMs = performance.now();
    const told = await this.#tell(name, signal);
    const durationMs = Math.round(performance.now() - begunMs);
    const endedAtMs = nowMs();
    const endedAt = new Date(endedAtMs).toISOString();
    const toldAt = told.state === 'unknown' ? (before?.toldAt ?? null) : endedAt;
    const result: Result = { name, ...told, endedAt, endedAtMs, toldAt, durationMs };
    // A run that we cut off ourselves, because the agent ends, says nothing about the check.
    if (!signal.aborted) this.#results.set(name, result);
    return result;
  }

  async #tell(name: string, signal: AbortSignal): Promise<SiteTold> {
    const { node, timeoutMs } = this.#options;
    const folder = this.#folder();
    const hanging = this.#hanging.get(name);
    if (hanging !== undefined && !hanging.hasEnded())
      return couldNotTell(`its previous run still hangs (pid ${hanging.pid}, since ${hanging.startedAt})`);
    const file = folder === null ? null : await inspectSiteCheck(folder, name);
    if (file === null || 'refused' in file) return couldNotTell(file?.refused ?? 'it is not configured any more');
    const result = await this.#run({
      path: file.path,
      args: [],
      timeoutMs,
      outputLimitBytes: OUTPUT_LIMIT_BYTES,
      signal,
      cwd: file.folder,
      env: { PATH, TRIVET_NODE: node, TRIVET_CHECK: name },
      leavesNothing: true,
    });
    if ('survivor' in result && result.survivor !== null) this.#hanging.set(name, result.survivor);
    return told(result, timeoutMs);
  }
}

/** A folder that is not mounted, or whose deployment failed, looks like one that nobody wants any checks in. */
function notEmpty(listing: SiteListing, path: string): SiteListing {
  if (listing.state === 'unknown' || listing.files.length > 0) return listing;
  const reason = [`${path} holds no site check: put one there, or unset siteChecksDir`, ...listing.strays].join('; ');
  return { state: 'unknown', reason };
}

/** With what is known of the runs before. */
function withTold(
  name: string,
  { endedAt = null, endedAtMs = null, toldAt = null, durationMs = null }: Partial<Result> = {},
  told: SiteTold,
): Result {
  return { name, ...told, endedAt, endedAtMs, toldAt, durationMs };
}

function told(result: CommandResult, timeoutMs: number): SiteTold {
  switch (result.kind) {
    case 'exited':
      if (result.signal !== null) return couldNotTell(`was ended by ${result.signal}`);
      if (result.code === 0) return readSiteResult(result.stdout);
      return couldNotTell(`ended with status ${result.code}${firstLine(result.stderr)}`);
    case 'timed-out':
      return couldNotTell(`did not end within ${timeoutMs / 1000} s and was ended`);
    case 'too-much-output':
      return couldNotTell(`printed more than ${OUTPUT_LIMIT_BYTES / 1024} KiB and was ended`);
    case 'stopped':
      return couldNotTell('was stopped, because the agent ends');
    case 'not-found':
    case 'not-executable':
    case 'failed':
    case 'busy':
      return couldNotTell(result.reason);
    default:
      return result satisfies never;
  }
}

/** Of its standard error, where scripts say why they gave up. */
function firstLine(stderr: string): string {
  const line = stderr.trim().split('\n', 1)[0] ?? '';
  return line === '' ? '' : `: ${line.slice(0, 200)}`;
}
