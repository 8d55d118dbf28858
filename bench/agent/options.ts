/** What `node bench/agent/main.ts` is told. */
import { parseArgs } from 'node:util';

/** One way of starting the agent: what stands between `node` and the agent's own settings. */
export interface Variant {
  readonly label: string;
  readonly args: readonly string[];
}

export interface BenchOptions {
  readonly variants: readonly Variant[];
  readonly runs: number;
  readonly pollMs: number;
  readonly settlePolls: number;
  readonly polls: number;
  /** Kernel lines a run; 0 leaves the latency out. */
  readonly lines: number;
  readonly soakMinutes: number;
  /** JSON lines of the soak, as they come. */
  readonly out: string | null;
  readonly footprint: boolean;
  readonly stream: boolean;
  readonly build: boolean;
  readonly json: boolean;
}

export const USAGE = `node bench/agent/main.ts [options]

Measures the agent's production bundle with a fake nvidia-smi of 8 GPUs, a kernel log file and a real aggregator:
memory, CPU, start, and how long a kernel line takes to the aggregator's API. Needs Linux (/proc).

  --runs N           processes of each variant, side by side and staggered; medians are printed (default 3)
  --poll-ms MS       time between polls (default 10000)
  --settle N         polls before the measurement begins (default 12)
  --polls N          polls measured (default 18)
  --lines N          kernel lines of each run, for the latency (default 70; 0: no latency)
  --soak-minutes M   afterwards, one agent for M minutes: slope of its memory (default 0)
  --out FILE         where the soak writes a JSON line a minute
  --variant L=ARGS   another way of starting, compared in the same runs; ARGS are node's arguments with the program,
                     separated by spaces (default: agent=dist/agent/trivet-agent.mjs); may be given several times
  --stream           also compares a spawn a poll with one long-running \`nvidia-smi -l\`
  --no-footprint     leaves memory and CPU out
  --no-build         takes dist/ as it is
  --json             one JSON object instead of the tables
`;

const DEFAULT_VARIANT = 'agent=dist/agent/trivet-agent.mjs';

const OPTIONS = {
  runs: { type: 'string', default: '3' },
  'poll-ms': { type: 'string', default: '10000' },
  settle: { type: 'string', default: '12' },
  polls: { type: 'string', default: '18' },
  lines: { type: 'string', default: '70' },
  'soak-minutes': { type: 'string', default: '0' },
  out: { type: 'string' },
  variant: { type: 'string', multiple: true },
  stream: { type: 'boolean', default: false },
  'no-footprint': { type: 'boolean', default: false },
  'no-build': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Null: help was asked for. Throws a message about what cannot be understood. */
export function readOptions(argv: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.help) return null;
  return {
    variants: (values.variant ?? [DEFAULT_VARIANT]).map(variantOf),
    runs: whole('runs', values.runs, 1),
    pollMs: whole('poll-ms', values['poll-ms'], 100),
    settlePolls: whole('settle', values.settle, 1),
    polls: whole('polls', values.polls, 1),
    lines: whole('lines', values.lines, 0),
    soakMinutes: whole('soak-minutes', values['soak-minutes'], 0),
    out: values.out ?? null,
    footprint: !values['no-footprint'],
    stream: values.stream,
    build: !values['no-build'],
    json: values.json,
  };
}

function whole(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) throw new Error(`--${name}: a whole number, at least ${min}`);
  return value;
}

function variantOf(text: string): Variant {
  const [label = '', args = ''] = [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];
  if (label === '' || args.trim() === '') throw new Error('--variant: write LABEL=ARGS');
  return { label, args: args.trim().split(/\s+/) };
}
