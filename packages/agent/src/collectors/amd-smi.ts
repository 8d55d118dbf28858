/**
 * Runs amd-smi, or rocm-smi where there is none, and says what that proves. Both are Python programs: amd-smi 6.1.2 takes
 * 0.12 s of CPU to find that there is no driver (measured), and some tenths more where there are GPUs. So the look that repeats
 * is one run, `metric`; what changes seldom (`list`, `static`, `bad-pages`, `xgmi`) is asked every five minutes, and at once
 * when `metric` shows other GPUs than before.
 */
import type { AmdGpu, AmdSample, AmdTool } from '@trivet/shared/model/amd.ts';
import { known } from '@trivet/shared/model/gpu.ts';
import { runCommand } from '../os/command.ts';
import type { Run } from '../os/command.ts';
import { exclusive } from '../os/tool.ts';
import { gpuEntries } from './amd-json.ts';
import type { JsonObject } from './amd-json.ts';
import { withoutImplausible } from './amd-plausible.ts';
import { REASON_MAX, interpret, runTool } from './amd-run.ts';
import type { Budget, Told, ToolSpec } from './amd-run.ts';
import { indexOf, toAmdSample } from './amd-sample.ts';
import type { Section } from './amd-sample.ts';
import type { Collected, Collector } from './collector.ts';
import { askRocmSmi } from './rocm-smi.ts';

/** As for nvidia-smi: half a report interval, for all runs of a look together. */
const TIMEOUT_MS = 30_000;
/** Bad pages come after an error that `metric` counts and the kernel logs; identity changes with the driver. */
const SELDOM_MS = 300_000;
/** What failed is asked again sooner. */
const RETRY_MS = 60_000;

type Seldom = Exclude<Section, 'metric'>;
const SELDOM: Readonly<Record<Seldom, readonly [subcommand: string, ...rest: readonly string[]]>> = {
  list: ['list', '--json'],
  static: ['static', '--json'],
  pages: ['bad-pages', '--json'],
  links: ['xgmi', '-l', '--json'],
};
const SELDOM_SECTIONS = ['list', 'static', 'pages', 'links'] as const satisfies readonly Seldom[];

export interface AmdSmiOptions {
  /** Null: nobody named it. */
  readonly amdSmi: string | null;
  readonly rocmSmi: string | null;
  readonly timeoutMs?: number;
  readonly run?: Run;
  readonly nowMs?: () => number;
  /** For the driver's state. */
  readonly sys?: string;
}

interface Known {
  /** Numbers of the GPUs that it was asked for. */
  readonly of: string;
  readonly atMs: number;
  readonly told: Readonly<Record<Seldom, Told>>;
}

interface Candidate extends ToolSpec {
  readonly tool: AmdTool;
}

/** Where ROCm installs its programs; its packages link them into PATH, other ways of installing it do not. */
const ROCM_BIN = '/opt/rocm/bin';

/** In the order in which they are tried, until one is there. Who names one tool means that one. */
function candidates({ amdSmi, rocmSmi }: Pick<AmdSmiOptions, 'amdSmi' | 'rocmSmi'>): { tool: AmdTool; path: string }[] {
  const isEither = (amdSmi === null) === (rocmSmi === null);
  return (['amd-smi', 'rocm-smi'] as const).flatMap((tool) => {
    const given = tool === 'amd-smi' ? amdSmi : rocmSmi;
    if (given !== null) return [{ tool, path: given }];
    return isEither ? [tool, `${ROCM_BIN}/${tool}`].map((path) => ({ tool, path })) : [];
  });
}

interface Answer {
  readonly sample: AmdSample | null;
  readonly state: 'unknown' | 'failed';
  readonly problems: readonly string[];
}

export class AmdSmiCollector implements Collector<AmdSample> {
  readonly name = 'amd-smi';
  readonly #candidates: readonly Candidate[];
  readonly #timeoutMs: number;
  readonly #nowMs: () => number;
  #seldom: Known | null = null;
  #before: readonly AmdGpu[] = [];
  #collecting: Promise<Collected<AmdSample>> | null = null;

  constructor(options: AmdSmiOptions) {
    const { timeoutMs = TIMEOUT_MS, run = runCommand, nowMs = () => performance.now() } = options;
    const sys = options.sys === undefined ? {} : { sys: options.sys };
    // One of them at a time: they talk to the same driver.
    const alone = exclusive(run);
    this.#candidates = candidates(options).map((candidate) => ({ ...candidate, run: alone, ...sys }));
    this.#timeoutMs = timeoutMs;
    this.#nowMs = nowMs;
  }

  /** Who asks while a run is under way gets that run's answer. */
  collect(signal?: AbortSignal): Promise<Collected<AmdSample>> {
    this.#collecting ??= this.#collect(signal).finally(() => {
      this.#collecting = null;
    });
    return this.#collecting;
  }

  async #collect(signal?: AbortSignal): Promise<Collected<AmdSample>> {
    const untilMs = performance.now() + this.#timeoutMs;
    const budget: Budget = signal === undefined ? { untilMs } : { untilMs, signal };
    const missing: string[] = [];
    for (const candidate of this.#candidates) {
      const ask = candidate.tool === 'amd-smi' ? this.#askAmdSmi(candidate, budget) : askRocmSmi(candidate, budget);
      const answer = await ask;
      if ('missing' in answer) missing.push(answer.missing);
      else return this.#toCollected(answer);
    }
    const mend = "install ROCm's amd-smi-lib, or name the program (--amd-smi PATH or --rocm-smi PATH)";
    return { state: 'failed', reason: `${missing.join('; ')}: ${mend}` };
  }

  #toCollected({ sample, state, problems }: Answer): Collected<AmdSample> {
    const reason = problems.join('; ').slice(0, REASON_MAX);
    if (sample === null) return { state, reason };
    const before = this.#before;
    this.#before = sample.gpus;
    const gpus = sample.gpus.map((gpu) => withoutImplausible(gpu, before.find((other) => isSame(other, gpu)) ?? null));
    const plausible = { ...sample, gpus };
    return problems.length === 0 ? { state: 'ok', sample: plausible } : { state, reason, sample: plausible };
  }

  async #askAmdSmi(tool: ToolSpec, budget: Budget): Promise<Answer | { readonly missing: string }> {
    const metric = await told(tool, ['metric', '--json'], budget);
    if (metric.kind === 'not-found') return { missing: metric.reason };
    if (metric.kind !== 'documents')
      return { sample: null, state: metric.kind, problems: [`amd-smi metric: ${metric.reason}`] };
    const measured = entriesOf(metric);
    const seldom = await this.#askSeldom(tool, measured, budget);
    const { sample, gaps } = toAmdSample({
      metric: measured,
      list: listed(seldom.list),
      static: listed(seldom.static),
      pages: listed(seldom.pages),
      links: listed(seldom.links),
    });
    const hasErrorCounts = sample.gpus.some(({ eccTotal }) => known(eccTotal.uncorrectable));
    const problems = [
      ...metric.about.map((text) => `amd-smi metric: ${text}`),
      ...SELDOM_SECTIONS.flatMap((section) => problemsOf(section, seldom[section], hasErrorCounts)),
      ...gaps,
    ];
    return { sample, state: 'unknown', problems };
  }

  async #askSeldom(tool: ToolSpec, measured: readonly JsonObject[], budget: Budget): Promise<Known['told']> {
    const of = measured.map(indexOf).join(',');
    const last = this.#seldom;
    if (last !== null && last.of === of && this.#nowMs() - last.atMs < patience(last.told)) return last.told;
    const answers = {
      list: await told(tool, SELDOM.list, budget),
      static: await told(tool, SELDOM.static, budget),
      pages: await told(tool, SELDOM.pages, budget),
      links: await told(tool, SELDOM.links, budget),
    };
    this.#seldom = { of, atMs: this.#nowMs(), told: answers };
    return answers;
  }
}

async function told(tool: ToolSpec, args: readonly string[], budget: Budget): Promise<Told> {
  return interpret(await runTool(tool, args, budget), tool);
}

function patience({ list, static: fixed, pages }: Known['told']): number {
  return [list, fixed, pages].every(({ kind }) => kind === 'documents') ? SELDOM_MS : RETRY_MS;
}

function isSame(a: AmdGpu, b: AmdGpu): boolean {
  return a.uuid !== null && b.uuid !== null ? a.uuid === b.uuid : a.pciBusId !== null && a.pciBusId === b.pciBusId;
}

const WRAPPERS = ['gpu_data', 'link_status', 'xgmi_metric'];

function entriesOf(told: Extract<Told, { kind: 'documents' }>): readonly JsonObject[] {
  return told.documents.flatMap((document) => gpuEntries(document, WRAPPERS));
}

function listed(told: Told): readonly JsonObject[] | null {
  return told.kind === 'documents' ? entriesOf(told) : null;
}

/**
 * `hasErrorCounts`: in a guest and on consumer boards nothing is counted, and there is no `bad-pages` either. Links are told by
 * releases from 6.4 on, and only where there are some: their absence is no gap.
 */
function problemsOf(section: Seldom, told: Told, hasErrorCounts: boolean): string[] {
  if (section === 'links' || (section === 'pages' && !hasErrorCounts)) return [];
  const texts = told.kind === 'documents' ? told.about : [told.reason];
  return texts.map((text) => `amd-smi ${SELDOM[section][0]}: ${text}`);
}
