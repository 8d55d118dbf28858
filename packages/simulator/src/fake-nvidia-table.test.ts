/**
 * The whole table of what the real nvidia-smi prints for which answer of the driver library: each case as a process, read by the
 * agent's own collectors, checks and verdict. Of three GPUs it is the second that fails.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NO_PAST, NodeObserver, assess } from '@trivet/agent/check-node.ts';
import { runCommand } from '@trivet/agent/os/command.ts';
import { createSenses } from '@trivet/agent/senses.ts';
import type { Verdict } from '@trivet/shared/model/finding.ts';
import type { Signal } from '@trivet/shared/model/node.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { writeFakeNvidiaSmi, writeFakeWorld } from './fake-nvidia-smi.ts';
import type { FakeGpu, FakeGpuWorld } from './fake-nvidia-smi.ts';
import type { NvmlError } from './fake-nvml-errors.ts';

const dir = mkdtempSync(join(tmpdir(), 'trivet-table-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function gpu(index: number, faults: Partial<FakeGpu> = {}): FakeGpu {
  const uuid = `GPU-0000000${index}-0000-4000-8000-000000000000`;
  return {
    uuid,
    pciBusId: `0000:${index}b:00.0`,
    serial: `165000000000${index}`,
    model: 'NVIDIA H100 80GB HBM3',
    ...faults,
  };
}

function world(over: Partial<FakeGpuWorld>): FakeGpuWorld {
  return { driverVersion: '580.95.05', cudaVersion: '13.0', gpus: [gpu(0), gpu(1), gpu(2)], ...over };
}

function second(faults: Partial<FakeGpu>): Partial<FakeGpuWorld> {
  return { gpus: [gpu(0), gpu(1, faults), gpu(2)] };
}

let worlds = 0;
async function toolOf(over: Partial<FakeGpuWorld>): Promise<string> {
  const folder = join(dir, String(worlds++));
  mkdirSync(folder);
  return writeFakeNvidiaSmi(folder, world(over));
}

async function exitOf(path: string, ...args: readonly string[]): Promise<number | null> {
  const result = await runCommand({ path, args, timeoutMs: 30_000 });
  return result.kind === 'exited' ? result.code : null;
}

const nothing = { state: 'unknown', reason: 'not read in this test' } as const;
const host = { name: 'host', collect: async () => nothing };
const kernelLog = { name: 'kernel-log', collect: async () => nothing };

interface Told {
  readonly state: Signal['state'];
  readonly verdict: Verdict;
  /** `code@bus id`, or `code@node`. */
  readonly findings: readonly string[];
  /** GPUs that are described, named as lost or unreachable, and only listed. */
  readonly gpus: readonly [described: number, lost: number, listed: number];
}

async function look(path: string, timeoutMs: number): Promise<Told> {
  const others = createSenses({ nvidiaSmi: path, amdSmi: null, rocmSmi: null, timeoutMs });
  const demands = {
    given: new Set(['nvidia'] as const),
    isOwnNode: false,
    kernelLogRequired: false,
    expectedGpus: null,
  };
  const observation = await new NodeObserver({ host, kernelLog, others }, demands).observe();
  const { findings, verdict } = assess(observation, { ...NO_PAST, node: 'n1', expectedGpus: null });
  const { gpus = [], lost = [], listed = [] } = observation.samples.nvidia ?? {};
  return {
    state: observation.signals.find(({ name }) => name === 'nvidia-smi')?.state ?? 'failed',
    verdict,
    findings: findings
      .map((finding) => `${finding.code}@${finding.gpu?.pciBusId ?? finding.gpu?.uuid ?? 'node'}`)
      .toSorted(),
    gpus: [gpus.length, lost.length, listed.length],
  };
}

interface Row extends Told {
  readonly name: string;
  readonly over: Partial<FakeGpuWorld>;
  /** Of `-q -x` and of `-L`. */
  readonly exit: readonly [query: number | null, list: number | null];
}

const AT = '0000:1b:00.0';

/** The library cannot be initialised: whatever is asked for ends in the same way. */
function init(failure: NonNullable<FakeGpuWorld['failure']>, code: number): Row {
  const told = { state: 'failed', verdict: 'unknown', gpus: [0, 0, 0], findings: [] } as const;
  return { name: `init: ${failure}`, over: { failure }, exit: [code, code], ...told };
}

/** No handle of one GPU: the others are hidden from the query, and listed. */
function handle(access: 'handle-lost' | 'handle-unknown', code: number, verdict: Verdict, finding: string): Row {
  const told = { state: 'unknown', verdict, gpus: [0, 1, 2], findings: [`${finding}@node`] } as const;
  return { name: access, over: second({ access }), exit: [code, code], ...told };
}

/** No PCI address of one GPU: an error in its place, without a name; the others are described. */
function pci(error: NvmlError, code: number, verdict: Verdict, finding: string): Row {
  const told = { state: 'unknown', verdict, gpus: [2, 1, 0], findings: [`${finding}@node`] } as const;
  return { name: `PCI: ${error}`, over: second({ access: 'pci-info-lost', error }), exit: [code, 0], ...told };
}

/** Every other call fails for one GPU: exit 0, well-formed, texts in place of its readings. */
function fields(error: NvmlError, code: number, verdict: Verdict, ...codes: readonly string[]): Row {
  const state = verdict === 'unknown' ? 'unknown' : 'ok';
  const findings = codes.map((finding) => `${finding}@${AT}`);
  const over = second({ access: 'fields-lost', error });
  return { name: `every other call: ${error}`, over, exit: [0, code], state, verdict, gpus: [3, 0, 0], findings };
}

const WHOLE = { gpus: [3, 0, 0], findings: [] } as const;
const CUT = { state: 'unknown', verdict: 'unknown', gpus: [0, 0, 0], findings: [] } as const;

const TABLE: readonly Row[] = [
  { name: 'all is well', over: {}, exit: [0, 0], state: 'ok', verdict: 'healthy', ...WHOLE },
  init('driver-not-loaded', 9),
  init('version-mismatch', 18),
  init('library-missing', 12),
  init('no-permission', 4),
  init('irq-issue', 11),
  init('operating-system', 17),
  init('in-use', 19),
  init('unknown-error', 255),
  init('timeout', 255),
  init('reset-required', 255),
  init('memory', 255),
  {
    // The driver's own word, though it does not say which GPU it means.
    ...init('lost', 15),
    state: 'unknown',
    verdict: 'unhealthy',
    gpus: [0, 1, 0],
    findings: ['gpu.lost@node'],
  },
  { ...CUT, name: 'no GPU', over: { gpus: [] }, exit: [6, 0], state: 'failed' },
  handle('handle-lost', 15, 'unhealthy', 'gpu.lost'),
  handle('handle-unknown', 255, 'unknown', 'gpu.unreachable'),
  {
    name: 'handle: no permission, left out in silence',
    over: second({ access: 'no-permission' }),
    exit: [0, 4],
    state: 'unknown',
    verdict: 'unknown',
    gpus: [2, 1, 0],
    findings: ['gpu.unreachable@node'],
  },
  pci('lost', 15, 'unhealthy', 'gpu.lost'),
  pci('unknown', 255, 'unknown', 'gpu.unreachable'),
  pci('no-permission', 4, 'unknown', 'gpu.unreachable'),
  fields('lost', 15, 'unhealthy', 'gpu.lost'),
  fields('reset-required', 255, 'unhealthy', 'reset-status.required'),
  fields('unknown', 255, 'unhealthy', 'gpu.unknown-error'),
  fields('timeout', 255, 'unknown', 'gpu.unreachable'),
  fields('no-permission', 4, 'unknown', 'gpu.unreachable'),
  fields('invalid-argument', 2, 'unknown', 'gpu.unreachable'),
  fields('corrupted-inforom', 14, 'unknown', 'gpu.unreachable', 'inforom.corrupted'),
  fields('not-supported', 3, 'unknown'),
  fields('function-not-found', 13, 'unknown'),
  fields('no-data', 21, 'unknown'),
  {
    name: 'lost half-way',
    over: second({ access: 'lost-mid-run' }),
    exit: [0, 0],
    state: 'ok',
    verdict: 'unhealthy',
    gpus: [3, 0, 0],
    findings: [`gpu.lost@${AT}`],
  },
  { name: 'shutdown fails', over: { ending: 'shutdown-fails' }, exit: [255, 255], ...CUT, ...WHOLE },
  { name: 'cut', over: { ending: 'cut' }, exit: [0, 0], ...CUT },
  { name: 'killed', over: { ending: 'killed' }, exit: [null, null], ...CUT },
  {
    name: 'corrupt InfoROM',
    over: second({ inforomCorrupt: true }),
    exit: [14, 0],
    state: 'ok',
    verdict: 'degraded',
    gpus: [3, 0, 0],
    findings: [`inforom.corrupted@${AT}`],
  },
];

describe('what nvidia-smi prints, by what the driver library answers', () => {
  it.concurrent.each(TABLE)('$name', async ({ over, exit, state, verdict, gpus, findings }) => {
    const path = await toolOf(over);
    expect([await exitOf(path, '-q', '-x'), await exitOf(path, '-L')]).toEqual(exit);
    expect(await look(path, 30_000)).toEqual({ state, verdict, gpus, findings });
  });

  it.concurrent.each([
    ['hang-at-start', [0, 0, 0]],
    ['hang-in-document', [0, 0, 0]],
    ['hang-at-shutdown', [3, 0, 0]],
  ] as const)('%s: ended at the deadline, and unknown', async (ending, gpus) => {
    // Long enough for what is printed before the hang.
    const told = await look(await toolOf({ ending }), 8000);
    expect(told).toMatchObject({ state: 'unknown', verdict: 'unknown', gpus });
    expect(told.findings).toEqual(['tool.hung@node']);
  });
});

describe('a GPU that was there before', () => {
  it('is named when it is lost, though the tool gives it a number only, and is well when it answers again', async () => {
    const path = await toolOf({});
    const others = createSenses({ nvidiaSmi: path, amdSmi: null, rocmSmi: null, timeoutMs: 30_000 });
    const demands = {
      given: new Set(['nvidia'] as const),
      isOwnNode: false,
      kernelLogRequired: false,
      expectedGpus: null,
    };
    // Each look comes later than what it may disprove.
    let nowMs = Date.parse('2026-11-20T17:00:00.000Z');
    const observer = new NodeObserver({ host, kernelLog, others }, demands, () => (nowMs += 1000));
    let past = NO_PAST;
    const codes = async (over: Partial<FakeGpuWorld>) => {
      writeFakeWorld(join(dirname(path), 'gpus.json'), world(over));
      const assessed = assess(await observer.observe(), { ...past, node: 'n1', expectedGpus: null });
      past = { ...past, ...assessed };
      return assessed.findings.map(({ code, gpu: of }) => `${code}@${of?.pciBusId ?? 'node'}`);
    };
    expect(await codes({})).toEqual([]);
    expect(await codes(second({ access: 'handle-lost' }))).toEqual([`gpu.lost@${AT}`]);
    expect(await codes({})).toEqual([]);
  });
});

describe('what the fake can show besides', () => {
  it('NVLinks, by state and errors', async () => {
    const linked = { nvlinks: { links: 18, down: [3], replays: 7 } };
    const others = createSenses({
      nvidiaSmi: await toolOf(second(linked)),
      amdSmi: null,
      rocmSmi: null,
      timeoutMs: 30_000,
    });
    const demands = {
      given: new Set(['nvidia'] as const),
      isOwnNode: false,
      kernelLogRequired: false,
      expectedGpus: null,
    };
    const { samples } = await new NodeObserver({ host, kernelLog, others }, demands).observe();
    expect(samples.nvlink?.gpus.map(({ support }) => support)).toEqual(['none', 'links', 'none']);
    const links = samples.nvlink?.gpus[1]?.links ?? [];
    expect(links.filter(({ active }) => active === false)).toMatchObject([{ link: 3 }]);
    expect(links[0]).toMatchObject({ active: true, errors: { replay: 7 } });
  });

  it('a GPU that is divided, with the UUIDs of its parts', async () => {
    const others = createSenses({
      nvidiaSmi: await toolOf(second({ migDevices: 2 })),
      amdSmi: null,
      rocmSmi: null,
      timeoutMs: 30_000,
    });
    const demands = {
      given: new Set(['nvidia'] as const),
      isOwnNode: false,
      kernelLogRequired: false,
      expectedGpus: null,
    };
    const { samples } = await new NodeObserver({ host, kernelLog, others }, demands).observe();
    expect(samples.nvidia?.gpus[1]).toMatchObject({
      migMode: { value: true },
      migDevices: [
        { index: 0, gpuInstanceId: 7, uuid: expect.stringMatching(/^MIG-/) },
        { index: 1, gpuInstanceId: 8, uuid: expect.stringMatching(/^MIG-/) },
      ],
    });
  });

  it('a document as long as a real one, which is read in the same way', async () => {
    expect(await look(await toolOf({ isFullSize: true }), 30_000)).toMatchObject({ state: 'ok', verdict: 'healthy' });
  });
});
