/** One run of an AMD tool: what it printed, or why that is no answer and how to mend it. Both tools fail in the same ways. */
import type { CommandResult, Run } from '../os/command.ts';
import { readModuleState } from '../os/module-state.ts';
import { SYS } from '../os/sysfs.ts';
import { field, isObject, readJson } from './amd-json.ts';
import type { Json } from './amd-json.ts';

export type Told =
  | {
      readonly kind: 'documents';
      readonly documents: readonly Json[];
      /** What is odd about the run itself. */
      readonly about: readonly string[];
    }
  | { readonly kind: 'not-found' | 'failed' | 'unknown'; readonly reason: string };

export interface ToolSpec {
  readonly path: string;
  readonly run: Run;
  /** Exit codes that mean no more than that some reading is not supported. */
  readonly harmless?: readonly number[];
  readonly sys?: string;
}

export interface Budget {
  readonly untilMs: number;
  readonly signal?: AbortSignal;
}

/** A run that gets less than this cannot end: Python alone takes 0.1 s to start. */
const LEAST_MS = 500;

export async function runTool(
  { path, run }: ToolSpec,
  args: readonly string[],
  { untilMs, signal }: Budget,
): Promise<CommandResult> {
  const timeoutMs = untilMs - performance.now();
  if (timeoutMs < LEAST_MS) return { kind: 'failed', reason: `no time was left for \`${args.join(' ')}\`` };
  return run({ path, args, timeoutMs, ...(signal === undefined ? {} : { signal }) });
}

/** Reads the JSON that a run printed. */
export function interpret(result: CommandResult, tool: ToolSpec): Told {
  switch (result.kind) {
    case 'exited':
      return fromExit(result, tool);
    case 'timed-out':
    case 'too-much-output':
    case 'stopped':
      return fromKilled(result);
    case 'not-found':
    case 'not-executable':
      return { kind: 'not-found', reason: result.reason };
    case 'failed':
    case 'busy':
      return { kind: 'unknown', reason: result.reason };
  }
}

function fromKilled({ kind, stdout, survivor }: Extract<CommandResult, { survivor: unknown }>): Told {
  const late = 'no end within its time (does the driver hang? see the kernel log)';
  const pid = survivor === null ? '' : `, and it cannot be killed (pid ${survivor.pid})`;
  const what = `${kind === 'timed-out' ? late : kind.replaceAll('-', ' ')}${pid}`;
  const found = readJson(stdout);
  return found.kind === 'documents'
    ? { kind: 'documents', documents: found.documents, about: [`${what}, after a whole document`] }
    : { kind: 'unknown', reason: `${what}; ${found.reason}` };
}

function fromExit(exited: Extract<CommandResult, { kind: 'exited' }>, tool: ToolSpec): Told {
  const { code, signal, stdout, stderr } = exited;
  const ending = signal === null ? `exit ${code}` : `ended by ${signal}`;
  const found = readJson(stdout);
  if (found.kind !== 'documents') return withoutDocument(exited, found, tool);
  const { documents, before, after } = found;
  const error = documents.map(errorOf).find((text) => text !== null);
  if (error !== undefined) return { kind: 'failed', reason: `${ending}: ${error}` };
  const isHarmless = code === 0 || (code !== null && tool.harmless?.includes(code) === true);
  const about = [
    // What it says on standard error of a reading that a board does not have is no fault: the reading is missing, and seen to be.
    isHarmless ? null : `${ending}${stderr.trim() === '' ? '' : `: ${oneLine(stderr)}`}`,
    before === '' ? null : `text before the document: ${oneLine(before)}`,
    after === '' ? null : `text after the document: ${oneLine(after)}`,
  ].filter((text) => text !== null);
  return { kind: 'documents', documents, about };
}

/** `{"error": "…", "code": -2}`: amd-smi prints its own failures so, with exit status 0 (amdsmi_cli_exceptions.py). */
function errorOf(document: Json): string | null {
  const error = isObject(document) ? field(document, 'error') : undefined;
  return typeof error === 'string' ? oneLine(error) : null;
}

/** Both tools, where /sys/module/amdgpu/initstate is not `live`: measured with amd-smi 6.1.2 (exit 255) and rocm-smi 5.2.3 (exit 0). */
const NO_DRIVER = /driver not (initialized|loaded)|amdgpu not found in modules/i;
const NO_GPU = /unable to detect any gpu devices/i;

function withoutDocument(
  { code, signal, stdout, stderr }: Extract<CommandResult, { kind: 'exited' }>,
  found: { readonly kind: 'cut' | 'not-json'; readonly reason: string },
  { sys = SYS }: ToolSpec,
): Told {
  const ending = signal === null ? `exit ${code}` : `ended by ${signal}`;
  const printed = oneLine(`${stderr} ${stdout}`);
  if (NO_DRIVER.test(printed)) return { kind: 'failed', reason: `${ending}: ${driverState(sys)}` };
  if (NO_GPU.test(printed)) return { kind: 'failed', reason: `${ending}: the driver has no GPU: ${printed}` };
  if (found.kind === 'cut') return { kind: 'unknown', reason: `cut document: ${found.reason}, ${ending}` };
  const said = printed === '' ? 'nothing was printed' : printed;
  if (code === 0) return { kind: 'unknown', reason: `no document, exit 0: ${said} (is amdgpu loaded?)` };
  return { kind: code === null ? 'unknown' : 'failed', reason: `${ending}: ${said}` };
}

function driverState(sys: string): string {
  const state = readModuleState(sys, 'amdgpu');
  if (state === 'loading') return 'the driver (amdgpu) is still loading: it answers when it has brought up its GPUs';
  if (state === 'unloading') return 'the driver (amdgpu) is being removed';
  return 'the driver (amdgpu) is not loaded: load it (modprobe amdgpu); the kernel log says why it is not';
}

/** A report carries the reason of every collector; a longer one would be the tool's whole output. */
export const REASON_MAX = 1000;

export function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, REASON_MAX);
}
