/**
 * Runs `nvidia-smi -q -x` and says what it proves. The exit status proves little: 0 may come with a hundred texts
 * `GPU is lost`, or with a GPU left out in silence; any other may hide healthy GPUs behind one that failed (measured with
 * driver 535, see the cases in the tests). So the document is believed where it is whole, everything odd about it becomes a
 * reason not to call the answer `ok`, and where GPUs are missing from it `-L` is asked which ones.
 */
import { known } from '@trivet/shared/model/gpu.ts';
import type { LostGpu, NvidiaGpu, NvidiaSample } from '@trivet/shared/model/gpu.ts';
import { GPUS_MAX } from '@trivet/shared/protocol/limits.ts';
import { runCommand } from '../os/command.ts';
import type { CommandResult, Run } from '../os/command.ts';
import { exclusive } from '../os/tool.ts';
import type { Collected, Collector } from './collector.ts';
import { inforomWarnings, lostGpu, lostInMessages, readList, withoutWarnings } from './nvidia-list.ts';
import { migLayout, readMigNames, withMigNames } from './nvidia-mig.ts';
import type { MigNames } from './nvidia-mig.ts';
import { withoutClocks } from './nvidia-clocks.ts';
import { GpuFolder, toSample } from './nvidia-sample.ts';
import { readXml } from './nvidia-xml.ts';
import type { XmlResult } from './nvidia-xml.ts';

type XmlDocument = Extract<XmlResult, { kind: 'document' }>;

/**
 * Other exporters wait 5 to 10 s. Without persistence mode the driver initialises every GPU anew at each run, seconds
 * each, and a run that is killed early tells nothing; half a report interval (60 s) is what can be spared.
 */
const TIMEOUT_MS = 30_000;

export interface NvidiaSmiOptions {
  readonly path: string;
  readonly timeoutMs?: number;
  readonly run?: Run;
  /** Whether the driver is there, in words; for an answer that is none. Absent where the tool may speak of another machine. */
  readonly driver?: () => string;
}

export class NvidiaSmiCollector implements Collector<NvidiaSample> {
  readonly name = 'nvidia-smi';
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #run: Run;
  readonly #driver: (() => string) | undefined;
  #collecting: Promise<Collected<NvidiaSample>> | null = null;
  #migLayout = '';
  #migNames: MigNames = new Map();

  constructor({ path, timeoutMs = TIMEOUT_MS, run = runCommand, driver }: NvidiaSmiOptions) {
    this.#path = path;
    this.#driver = driver;
    this.#timeoutMs = timeoutMs;
    this.#run = exclusive(run);
  }

  /** Who asks while a run is under way gets that run's answer. */
  collect(signal?: AbortSignal): Promise<Collected<NvidiaSample>> {
    this.#collecting ??= this.#collect(signal).finally(() => {
      this.#collecting = null;
    });
    return this.#collecting;
  }

  async #collect(signal?: AbortSignal): Promise<Collected<NvidiaSample>> {
    const until = performance.now() + this.#timeoutMs;
    const queried = interpret(await this.#call(['-q', '-x'], this.#timeoutMs, signal), this.#timeoutMs);
    const { sample } = queried;
    if (sample === null) return toCollected({ ...queried, problems: [...queried.problems, ...this.#aboutDriver()] });
    const layout = migLayout(sample);
    const remainingMs = until - performance.now();
    const isListNeeded = isIncomplete(sample) || (layout !== '' && layout !== this.#migLayout);
    const listed = isListNeeded && remainingMs >= 1 ? await this.#call(['-L'], remainingMs, signal) : null;
    if (listed !== null) this.#learnMig(layout, listed);
    const described = { ...queried, sample: withMigNames(sample, this.#migNames) };
    if (listed === null || !('stdout' in listed) || !isIncomplete(sample)) return toCollected(described);
    return toCollected(withList(described, described.sample, listed.stdout));
  }

  /** Once for each layout, well or not: UUIDs are a name, and a tool in trouble is not asked more for it. */
  #learnMig(layout: string, listed: CommandResult): void {
    this.#migLayout = layout;
    this.#migNames = listed.kind === 'exited' ? readMigNames(listed.stdout) : new Map();
  }

  #aboutDriver(): string[] {
    return this.#driver === undefined ? [] : [this.#driver()];
  }

  #call(args: readonly string[], timeoutMs: number, signal?: AbortSignal): Promise<CommandResult> {
    const stoppable = signal === undefined ? {} : { signal };
    return this.#run({ path: this.#path, args, timeoutMs, reduce: withoutClocks, ...stoppable });
  }
}

interface Told {
  /** What the answer is worth when there is any problem. */
  readonly state: 'unknown' | 'failed';
  /** Why it is not to be taken as the whole truth; none of them: ok. */
  readonly problems: readonly string[];
  readonly sample: NvidiaSample | null;
}

function toCollected({ state, problems, sample }: Told): Collected<NvidiaSample> {
  if (sample !== null && problems.length === 0) return { state: 'ok', sample };
  const reason = problems.join('; ').slice(0, REASON_MAX);
  return sample === null ? { state, reason } : { state, reason, sample };
}

/** A report carries the reason of every collector; a longer one would be the tool's whole output. */
const REASON_MAX = 1000;

function interpret(result: CommandResult, timeoutMs: number): Told {
  switch (result.kind) {
    case 'exited':
      return fromExit(result);
    case 'timed-out':
    case 'too-much-output':
    case 'stopped':
      return fromKilled(result, timeoutMs);
    case 'not-found':
    case 'not-executable':
      return { state: 'failed', problems: [`${result.reason}: ${INSTALL}`], sample: null };
    case 'failed':
    case 'busy':
      return unknown(result.reason);
  }
}

const INSTALL = 'install the driver with its tools, or name the program (--nvidia-smi PATH)';

function fromKilled(result: Extract<CommandResult, { survivor: unknown }>, timeoutMs: number): Told {
  const late = `no end within ${timeoutMs / 1000} s (does the driver hang? see the kernel log)`;
  const what = result.kind === 'timed-out' ? late : result.kind.replaceAll('-', ' ');
  const pid = result.survivor === null ? '' : `, and it cannot be killed (pid ${result.survivor.pid})`;
  const { fold, gpuOf } = new GpuFolder();
  const xml = readXml(result.stdout, fold);
  if (xml.kind === 'document') return fromDocument({ ...xml, gpuOf }, '', `${what}${pid}, after a whole document`);
  return unknown(`${what}${pid}`, xml.reason);
}

function unknown(...problems: readonly string[]): Told {
  return { state: 'unknown', problems, sample: null };
}

function fromExit({ code, signal, stdout, stderr }: Extract<CommandResult, { kind: 'exited' }>): Told {
  const ending = signal === null ? `exit ${code}` : `ended by ${signal}`;
  const { fold, gpuOf } = new GpuFolder();
  const xml = readXml(stdout, fold);
  if (xml.kind === 'document') {
    const said = oneLine(withoutWarnings(stderr));
    const isWarning = code === INFOROM_CORRUPT && inforomWarnings(`${xml.before}\n${xml.after}\n${stderr}`).length > 0;
    const about = [code === 0 || isWarning ? null : ending, said === '' ? null : `standard error: ${said}`].filter(
      (text) => text !== null,
    );
    return fromDocument({ ...xml, gpuOf }, stderr, ...about);
  }
  if (xml.kind !== 'not-a-document') return unknown(`${xml.kind} document: ${xml.reason}`, ending);
  const printed = oneLine(stderr === '' ? stdout : `${stdout} ${stderr}`);
  if (code === 0) return unknown(`no document, exit 0: ${printed === '' ? 'nothing was printed' : printed}`);
  const lost = lostInMessages(`${stdout}\n${stderr}`);
  if (lost.length === 0 && /GPU is lost/i.test(printed)) lost.push(lostGpu('unnamed', printed));
  const known = EXIT.get(code ?? -1);
  const said = printed === '' ? (known?.meaning ?? 'nothing was printed') : printed;
  const reason = `${ending}: ${said}${known?.mend === undefined ? '' : ` (${known.mend})`}`;
  if (lost.length === 0) return { state: code === null ? 'unknown' : 'failed', problems: [reason], sample: null };
  const nothing = { driverVersion: null, cudaVersion: null, attachedGpus: null, gpus: [] };
  return { state: 'unknown', problems: [reason], sample: { ...nothing, lost } };
}

/** Codes as measured with driver 535. The meaning is for runs that print nothing: 12 was seen so in the field. */
const EXIT: ReadonlyMap<number, { readonly meaning: string; readonly mend?: string }> = new Map([
  [4, { meaning: 'no permission to talk to the driver', mend: 'run as a user who may open /dev/nvidia*' }],
  [6, { meaning: 'no devices were found', mend: 'see the kernel log for why the driver took none' }],
  [9, { meaning: 'the driver is not loaded', mend: 'load it (modprobe nvidia); the kernel log says why it is not' }],
  [12, { meaning: 'the NVML library (libnvidia-ml.so) was not found', mend: "install the driver's libraries" }],
  [15, { meaning: 'a GPU is lost' }],
  [18, { meaning: 'the driver and the NVML library differ in version', mend: 'load the driver anew, or reboot' }],
  [255, { meaning: 'internal error of the driver' }],
]);

/** The tool's own status for a warning behind an answer that is whole (its manual; not measured). */
const INFOROM_CORRUPT = 14;

/** `about`: what is odd about the run itself. */
function fromDocument(xml: XmlDocument & Pick<GpuFolder, 'gpuOf'>, stderr: string, ...about: readonly string[]): Told {
  const [before, after] = [oneLine(withoutWarnings(xml.before)), oneLine(withoutWarnings(xml.after))];
  const around = [
    ...(before === '' ? [] : [`text before the document: ${before}`]),
    ...(after === '' ? [] : [`text after the document: ${after}`]),
  ];
  const corrupted = inforomWarnings(`${xml.before}\n${xml.after}\n${stderr}`);
  const told = toSample(xml.root, xml.gpuOf);
  const sample = corrupted.length === 0 ? told : { ...told, inforomCorrupted: corrupted };
  const named = sample.gpus.length + sample.lost.length;
  // The tool prints at most one element for each; one more was written by the name of a process. (Where a GPU is missing a
  // forged one may take its place: the node is unknown then already.)
  if (sample.attachedGpus !== null && named > sample.attachedGpus)
    return unknown(...about, ...around, `${sample.attachedGpus} GPUs attached, but ${named} named: not believed`);
  // Two of the tool's own number: the name of a process wrote one of them, to have its elements counted.
  if (xml.root.children.filter(({ name }) => name === 'attached_gpus').length > 1)
    return unknown(...about, ...around, 'the number of attached GPUs is given twice: not believed');
  const strangers = corrupted.filter((busId) => !sample.gpus.some(({ pciBusId }) => pciBusId === busId));
  const warned = strangers.map((busId) => `warned of GPU ${busId}, which is not described`);
  return { state: 'unknown', problems: [...about, ...around, ...warned, ...gaps(sample)], sample };
}

/** What a whole document does not tell. */
function gaps({ attachedGpus, gpus, lost }: NvidiaSample): string[] {
  const found: string[] = lost.map(({ name, text }) => `GPU ${name}: ${text}`);
  if (attachedGpus === null) found.push('the document does not say how many GPUs are attached');
  else if (attachedGpus !== gpus.length) found.push(`${attachedGpus} GPUs attached, ${gpus.length} described`);
  else if (attachedGpus === 0) found.push('no GPU is attached');
  for (const [index, gpu] of gpus.entries()) {
    const name = gpu.pciBusId ?? gpu.uuid ?? `number ${index}`;
    if (!isDescribed(gpu)) found.push(`GPU ${name}: named, but neither temperature nor memory is given`);
    const isTwin = gpus.slice(0, index).some(({ pciBusId }) => pciBusId !== null && pciBusId === gpu.pciBusId);
    if (isTwin) found.push(`GPU ${name}: described twice`);
  }
  return found;
}

/** Errors that say what has become of a GPU; any other (a time-out, a missing right) says that it could not be looked at. */
const SAYS_WHAT_IS_WRONG = /: (GPU is lost|GPU is inaccessible|GPU requires reset|Unknown Error)$/i;

/** Temperature and memory are readable on every board that was ever seen; a GPU without both has not been looked at. */
function isDescribed({ temperatureCelsius, memoryTotalBytes, errorTexts }: NvidiaGpu): boolean {
  return (
    known(temperatureCelsius) || known(memoryTotalBytes) || errorTexts.some((text) => SAYS_WHAT_IS_WRONG.test(text))
  );
}

/** GPUs are missing that `-L` may name. */
function isIncomplete({ attachedGpus, gpus, lost }: NvidiaSample): boolean {
  return attachedGpus === null ? gpus.length === 0 && lost.length > 0 : attachedGpus > gpus.length + lost.length;
}

function withList(queried: Told, sample: NvidiaSample, stdout: string): Told {
  const { listed, lost } = readList(stdout);
  const isNew = ({ uuid }: { readonly uuid: string }): boolean => !sample.gpus.some((gpu) => gpu.uuid === uuid);
  const present = listed.filter(isNew);
  const others = present.length === 0 ? [] : [`${present.length} GPUs are listed but not described`];
  // Where there is no document the query named the first failure only; the list names each of them.
  const isWholeDocument = sample.attachedGpus !== null;
  const allLost = isWholeDocument ? [...sample.lost, ...lost] : bothNames(sample.lost, lost);
  const named = isWholeDocument ? lost.map(({ name, text }) => `GPU ${name}: ${text}`) : [];
  return {
    ...queried,
    problems: [...queried.problems, ...named, ...others],
    sample: { ...sample, lost: allLost.slice(0, GPUS_MAX), listed: present },
  };
}

/** The query may name a GPU by bus id where the list has its index only; of a single one both are known. */
function bothNames(queried: readonly LostGpu[], listed: readonly LostGpu[]): readonly LostGpu[] {
  const [inQuery, inList] = [queried[0], listed[0]];
  if (inQuery === undefined || inList === undefined) return listed.length > 0 ? listed : queried;
  if (listed.length > 1 || inList.pciBusId !== null) return listed;
  return [{ ...inList, pciBusId: inQuery.pciBusId, uuid: inList.uuid ?? inQuery.uuid }];
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, REASON_MAX);
}
