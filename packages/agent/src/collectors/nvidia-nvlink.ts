/**
 * NVLink states and error counters, which `nvidia-smi -q -x` does not tell: `nvidia-smi nvlink -s`, then `-e` where there are
 * links. A board without NVLink and a tool that does not know the word are answers; a tool that fails is none.
 */
import { known } from '@trivet/shared/model/gpu.ts';
import type { NvidiaSample } from '@trivet/shared/model/gpu.ts';
import type { NvlinkGpu, NvlinkSample } from '@trivet/shared/model/nvlink.ts';
import type { CommandResult, Run } from '../os/command.ts';
import type { Collected, Collector } from './collector.ts';
import { readNvlinkStates, withNvlinkErrors } from './nvlink-text.ts';

/** For both runs together: one takes some 50 ms where the driver stays loaded, and seconds where it does not. */
const TIMEOUT_MS = 10_000;
/** Sixteen GPUs of 18 links with 40 lines each are 400 kB. */
const OUTPUT_LIMIT_BYTES = 4 * 1024 * 1024;
/** Where no board has NVLink nothing changes before a board does, and then the driver is loaded anew. */
const NONE_AGAIN_MS = 3_600_000;
const REASON_MAX = 300;

export interface NvlinkOptions {
  readonly path: string;
  readonly run: Run;
  readonly timeoutMs?: number;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

export class NvlinkCollector implements Collector<NvlinkSample> {
  readonly name = 'nvlink';
  readonly #options: NvlinkOptions;
  readonly #timeoutMs: number;
  readonly #nowMs: () => number;
  #noneAtMs: number | null = null;

  constructor(options: NvlinkOptions) {
    this.#options = options;
    this.#timeoutMs = Math.min(options.timeoutMs ?? TIMEOUT_MS, TIMEOUT_MS);
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  async collect(signal?: AbortSignal): Promise<Collected<NvlinkSample>> {
    if (this.#noneAtMs !== null && this.#nowMs() - this.#noneAtMs < NONE_AGAIN_MS) return ok([]);
    this.#noneAtMs = null;
    const untilMs = this.#nowMs() + this.#timeoutMs;
    const states = await this.#call('-s', this.#timeoutMs, signal);
    const printed = 'stdout' in states ? states.stdout : '';
    // The subcommand came with NVLink: older tools do not know it.
    if (/Option .?nvlink.? is not recognized|Invalid combination of input arguments/i.test(printed))
      return this.#none();
    const problem = problemOf(states);
    const gpus = readNvlinkStates(printed);
    if (problem !== null) return unknown(`nvlink -s: ${problem}`, gpus);
    const odd = gpus.filter(
      ({ support, links }) => support === 'unknown' || links.some(({ active }) => active === null),
    );
    if (gpus.length === 0) return unknown(`nvlink -s: no GPU in ${oneLine(printed) || 'an empty answer'}`, gpus);
    if (odd.length > 0) return unknown(`nvlink -s: ${odd[0]?.uuid} is described in words not known here`, gpus);
    if (gpus.every(({ support }) => support === 'none')) return this.#none();
    return gpus.some(({ links }) => links.length > 0) ? this.#withErrors(gpus, untilMs, signal) : ok(gpus);
  }

  async #withErrors(
    gpus: readonly NvlinkGpu[],
    untilMs: number,
    signal?: AbortSignal,
  ): Promise<Collected<NvlinkSample>> {
    const errors = await this.#call('-e', Math.max(1, untilMs - this.#nowMs()), signal);
    const problem = problemOf(errors);
    if (problem !== null) return unknown(`nvlink -e: ${problem}`, gpus);
    return ok(withNvlinkErrors(gpus, 'stdout' in errors ? errors.stdout : ''));
  }

  #none(): Collected<NvlinkSample> {
    this.#noneAtMs = this.#nowMs();
    return ok([]);
  }

  #call(flag: string, timeoutMs: number, signal?: AbortSignal): Promise<CommandResult> {
    const { path, run } = this.#options;
    return run({
      path,
      args: ['nvlink', flag],
      timeoutMs,
      outputLimitBytes: OUTPUT_LIMIT_BYTES,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

function ok(gpus: readonly NvlinkGpu[]): Collected<NvlinkSample> {
  return { state: 'ok', sample: { gpus } };
}

/** States that were understood are shown all the same; checks trust no link that is not told to be down. */
function unknown(reason: string, gpus: readonly NvlinkGpu[]): Collected<NvlinkSample> {
  return gpus.length === 0 ? { state: 'unknown', reason } : { state: 'unknown', reason, sample: { gpus } };
}

/** Why a run is no answer; null: it is one. */
function problemOf(result: CommandResult): string | null {
  if ('reason' in result) return result.reason;
  if (result.kind !== 'exited') return result.kind.replaceAll('-', ' ');
  const { code, signal, stdout, stderr } = result;
  if (code === 0 && stderr.trim() === '') return null;
  return `${signal === null ? `exit ${code}` : `ended by ${signal}`}: ${oneLine(`${stderr} ${stdout}`)}`;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, REASON_MAX);
}

/** Whether the vendor's tool has just described a GPU: what hides behind a tool that does not answer is not asked for in another way. */
export function describesGpus({ gpus }: NvidiaSample): boolean {
  return gpus.some(({ temperatureCelsius, memoryTotalBytes }) => known(temperatureCelsius) || known(memoryTotalBytes));
}
