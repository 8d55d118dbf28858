/** The host by its own counters and mounts, and tools that hang in a driver. Lines of the kernel log tell the same stories from the other side. */
import type { HungTool, MemoryController } from '@trivet/shared/model/report.ts';
import type { Absent, Check, CheckInput, Seen } from './check.ts';
import { MEMORY_CORRECTED } from './host-values.ts';
import { filled, gain } from './window.ts';

export const HOST_STATE = 'host';
export const TOOLS = 'tools';

interface HostCondition {
  readonly code: string;
  readonly source: string;
  /** Null: could not be told. */
  readonly holds: (input: CheckInput) => boolean | null;
  readonly text: (input: CheckInput) => string;
}

/** rasdaemon takes a page out after 50 corrected errors in a day: a fifth of that in ten minutes is a module on its way out. */
const CORRECTED_OPENS = 10;

function correctedGrow(input: CheckInput): boolean | null {
  const points = filled(input, MEMORY_CORRECTED);
  if (points === null) return null;
  const gained = gain(points);
  if (gained >= CORRECTED_OPENS) return true;
  return gained === 0 ? false : null;
}

function controllers({ samples }: CheckInput, bad: (controller: MemoryController) => boolean): MemoryController[] {
  return (samples.host?.memoryControllers ?? []).filter(bad);
}

const isUncorrected = ({ uncorrected }: MemoryController): boolean => uncorrected > 0;

function hungText({ tool, since, pid, processState }: HungTool): string {
  const begun = `${tool}: no answer since a run that began ${since}`;
  if (pid === null) return `${begun} and did not end within its deadline`;
  return `${begun}; it was killed and lives on (pid ${pid}, state ${processState ?? 'not known'})`;
}

const CONDITIONS: readonly HostCondition[] = [
  {
    code: 'tool.hung',
    source: TOOLS,
    holds: ({ samples: { tools } }) => (tools === undefined ? null : tools.hung.length > 0),
    text: ({ samples: { tools } }) => (tools?.hung ?? []).map(hungText).join('; '),
  },
  {
    code: 'host.filesystem-read-only',
    source: HOST_STATE,
    holds: ({ samples }) => {
      const shut = samples.host?.forcedReadOnly ?? null;
      return shut === null ? null : shut.length > 0;
    },
    text: ({ samples: { host } }) =>
      `writable by its mount options, and read-only: ${(host?.forcedReadOnly ?? []).join(', ')}`,
  },
  {
    code: 'host.memory-uncorrected',
    source: HOST_STATE,
    holds: (input) => {
      if (controllers(input, () => true).length === 0) return null;
      return controllers(input, isUncorrected).length > 0;
    },
    text: (input) =>
      `ue_count: ${controllers(input, isUncorrected)
        .map(({ name, uncorrected }) => `${name} ${uncorrected}`)
        .join(', ')}`,
  },
  {
    code: 'host.memory-errors',
    source: HOST_STATE,
    holds: correctedGrow,
    text: (input) => {
      const bad = controllers(input, ({ corrected }) => corrected > 0).map(({ name }) => name);
      return `ce_count: ${CORRECTED_OPENS} or more within 10 min; controllers with errors: ${bad.join(', ')}`;
    },
  },
];

function run(input: CheckInput): Seen[] {
  return CONDITIONS.filter(({ holds }) => holds(input) === true).map(({ code, source, text }) => ({
    gpu: null,
    code,
    at: input.at,
    source,
    text: text(input),
  }));
}

function absent(input: CheckInput): Absent[] {
  return CONDITIONS.filter(({ holds }) => holds(input) === false).map(({ code, source }) => ({
    gpu: null,
    code,
    at: input.sampledAt ?? input.at,
    source,
  }));
}

export const hostState: Check = { name: 'host-state', needs: [HOST_STATE, TOOLS], run, absent };
