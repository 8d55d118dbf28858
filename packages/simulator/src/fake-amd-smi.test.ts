/** The fakes through the real collector: what they print is read as what their world says. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_PAST, NodeObserver, assess } from '@trivet/agent/check-node.ts';
import { AmdSmiCollector } from '@trivet/agent/collectors/amd-smi.ts';
import { runCommand } from '@trivet/agent/os/command.ts';
import type { CommandSpec, Run } from '@trivet/agent/os/command.ts';
import { amdSense } from '@trivet/agent/senses.ts';
import { amdSample } from '@trivet/shared/protocol/amd-schema.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { fakeAmdRun, writeFakeAmdTool } from './fake-amd-smi.ts';
import type { FakeAmdGpu, FakeAmdWorld } from './fake-amd-smi.ts';

function board(index: number, faults: Partial<FakeAmdGpu> = {}): FakeAmdGpu {
  return {
    uuid: `1${index}ff74a1-0000-1000-8000-00000000000${index}`,
    pciBusId: `0000:${index}5:00.0`,
    serial: `69230000000${index}`,
    model: 'AMD Instinct MI300X',
    ...faults,
  };
}

function worldOf(gpus: readonly FakeAmdGpu[], rest: Partial<FakeAmdWorld> = {}): FakeAmdWorld {
  return { driverVersion: '6.12.12', shape: 'gpu_data', gpus, ...rest };
}

interface Setting {
  readonly tool?: 'amd-smi' | 'rocm-smi';
  readonly expectedGpus?: number;
}

async function look(world: FakeAmdWorld, { tool = 'amd-smi', expectedGpus }: Setting = {}) {
  const calls: string[] = [];
  const run: Run = async ({ args }) => {
    calls.push(args.join(' '));
    const { stdout, stderr, code, hangs } = fakeAmdRun(tool, world, args);
    if (hangs) return { kind: 'timed-out', stdout, survivor: null };
    return { kind: 'exited', code, signal: null, stdout, stderr };
  };
  const isAmd = tool === 'amd-smi';
  const collector = new AmdSmiCollector({
    amdSmi: isAmd ? tool : null,
    rocmSmi: isAmd ? null : tool,
    run,
    sys: '/nowhere',
  });
  const none = { state: 'unknown', reason: 'not read in this test' } as const;
  const senses = {
    host: { name: 'host', collect: async () => none },
    kernelLog: { name: 'kernel-log', collect: async () => none },
    others: [amdSense(collector)],
  };
  const demands = {
    given: new Set(['amd'] as const),
    isOwnNode: false,
    kernelLogRequired: false,
    expectedGpus: expectedGpus ?? null,
  };
  const observation = await new NodeObserver(senses, demands).observe();
  const { verdict, findings } = assess(observation, { ...NO_PAST, node: 'n1', expectedGpus: expectedGpus ?? null });
  const signal = observation.signals.find(({ name }) => name === 'amd-smi');
  const codes = findings.map(({ code, gpu }) => `${code}@${gpu?.pciBusId ?? 'node'}`).toSorted();
  return { verdict, codes, signal, sample: observation.samples.amd, calls };
}

describe.each(['list', 'gpu_data'] as const)('fake amd-smi, documents as %s', (shape) => {
  it('is healthy, in the shape that the protocol has', async () => {
    const { verdict, sample, signal } = await look(worldOf([board(0), board(1)], { shape }));
    expect({ verdict, reason: signal?.reason }).toEqual({ verdict: 'healthy', reason: null });
    expect(amdSample.parse(sample)).toEqual(sample);
    expect(sample).toMatchObject({ tool: 'amd-smi', driverVersion: '6.12.12' });
    expect(sample?.gpus[1]).toMatchObject({
      uuid: board(1).uuid,
      pciBusId: '0000:15:00.0',
      serial: '692300000001',
      hotspotCelsius: { value: 45 },
      powerLimitWatts: { value: 750 },
      memoryTotalBytes: { value: 196_592 * 1024 ** 2 },
      pcieTransfersPerSecond: { value: 32e9 },
      badPageThreshold: { value: 128 },
      badPagesRetired: { value: 0 },
      xgmiErrors: { value: 0 },
      xgmiLinksUp: { value: 7 },
      performanceLevel: { value: 'auto' },
      edgeCelsius: { unknown: 'not available' },
    });
  });

  it.each([
    ['amd.ecc-uncorrectable-memory', { uncorrectable: { UMC: 1 } }, 'unhealthy'],
    ['amd.ecc-uncorrectable', { uncorrectable: { GFX: 2 } }, 'unhealthy'],
    ['amd.ecc-uncorrectable-link', { uncorrectable: { XGMI_WAFL: 1 } }, 'unhealthy'],
    ['amd.ecc-deferred', { deferred: { UMC: 3 } }, 'degraded'],
    ['amd.ecc-implausible', { correctable: { UMC: 1_048_560 } }, 'degraded'],
    ['amd.ecc-implausible', { uncorrectable: { UMC: 1_048_560 } }, 'degraded'],
    ['amd.bad-pages-pending', { badPages: { retired: 2, pending: 1, unreservable: 0 } }, 'degraded'],
    ['amd.bad-pages-unreservable', { badPages: { retired: 2, pending: 0, unreservable: 2 } }, 'unhealthy'],
    [
      'amd.bad-pages-near-threshold',
      { badPages: { retired: 9, pending: 0, unreservable: 0 }, badPageThreshold: 10 },
      'degraded',
    ],
    [
      'amd.bad-pages-threshold',
      { badPages: { retired: 10, pending: 0, unreservable: 0 }, badPageThreshold: 10 },
      'unhealthy',
    ],
    ['amd.throttle-thermal', { throttles: ['hbm_thermal', 'ppt'] }, 'degraded'],
    ['amd.throttle-thermal', { hotspotCelsius: 100 }, 'degraded'],
    ['amd.pcie-width', { pcieLinkWidth: 8, utilizationPercent: 90 }, 'degraded'],
    ['amd.xgmi-error', { xgmiErrors: 2 }, 'degraded'],
    ['amd.xgmi-link-down', { xgmiLinksDown: 1 }, 'unhealthy'],
  ] as const)('%s of %o is %s', async (code, faults, verdict) => {
    expect(await look(worldOf([board(0), board(1, faults)], { shape }))).toMatchObject({
      verdict,
      codes: [`${code}@0000:15:00.0`],
    });
  });

  it.each([
    [{ throttles: ['ppt'] }],
    [{ pcieLinkWidth: 8 }],
    [{ correctable: { UMC: 12 }, pcieReplays: 147 }],
    [{ badPages: { retired: 3, pending: 0, unreservable: 0 } }],
  ])('%o is no fault', async (faults) => {
    expect(await look(worldOf([board(0, faults)], { shape }))).toMatchObject({ verdict: 'healthy', codes: [] });
  });

  it('counts boards, not partitions, and says each fault once', async () => {
    const gpus = [board(0, { partitions: 8, uncorrectable: { UMC: 1 } }), board(1)];
    const { codes, sample } = await look(worldOf(gpus, { shape }), { expectedGpus: 2 });
    expect(codes).toEqual(['amd.ecc-uncorrectable-memory@0000:05:00.0']);
    expect(sample?.gpus.map(({ partitions }) => partitions.length)).toEqual([8, 1]);
  });

  it('does not pass over a GPU that is named and not measured', async () => {
    const { verdict, signal } = await look(worldOf([board(0), board(1, { isSilent: true })], { shape }));
    expect(verdict).toBe('unknown');
    expect(signal?.reason).toContain('GPU 1: in `static`, not in `metric`');
  });

  it.each([
    [
      'text before the document',
      { warning: 'WARNING: User is missing the following required groups: render' },
      'unknown',
    ],
    ['not loaded: load it', { failure: 'driver-not-loaded' }, 'failed'],
    ['AMDSMI has returned error -9', { failure: 'library-error' }, 'failed'],
    ['no end within its time', { ending: 'hang-at-start' }, 'unknown'],
    ['after a whole document', { ending: 'hang-at-shutdown' }, 'unknown'],
    ['cut document', { ending: 'cut' }, 'unknown'],
    ['nothing was printed', { ending: 'empty' }, 'unknown'],
  ] as const)('says "%s" of %o', async (words, rest, state) => {
    const { verdict, signal } = await look(worldOf([board(0)], { shape, ...rest }));
    expect(verdict).toBe('unknown');
    expect(signal).toMatchObject({ state, reason: expect.stringContaining(words) });
  });

  it('does not take an empty list for no GPUs', async () => {
    const { verdict, signal, codes } = await look(worldOf([], { shape }), { expectedGpus: 8 });
    expect({ verdict, codes }).toEqual({ verdict: 'unknown', codes: [] });
    expect(signal?.reason).toContain('no GPU is described');
  });
});

describe('fake rocm-smi', () => {
  const tool = { tool: 'rocm-smi' } as const;

  it('is healthy, and told to be rocm-smi', async () => {
    const { verdict, sample, calls } = await look(worldOf([board(0), board(1)]), tool);
    expect(verdict).toBe('healthy');
    expect(amdSample.parse(sample)).toEqual(sample);
    expect(sample?.tool).toBe('rocm-smi');
    expect(calls).toEqual(['-a --showxgmierr --json', '--showrasinfo all --showpagesinfo']);
  });

  it('reads the counters under each other’s headings', async () => {
    expect(await look(worldOf([board(0, { correctable: { UMC: 5 } })]), tool)).toMatchObject({
      verdict: 'healthy',
      sample: { gpus: { 0: { eccTotal: { correctable: { value: 5 }, uncorrectable: { value: 0 } } } } },
    });
    expect(await look(worldOf([board(0), board(1, { uncorrectable: { GFX: 1 } })]), tool)).toMatchObject({
      verdict: 'unhealthy',
      codes: ['amd.ecc-uncorrectable@0000:15:00.0'],
    });
  });

  it('reads bad pages, and does not take a missing table for none', async () => {
    const pages = { badPages: { retired: 2, pending: 1, unreservable: 0 } };
    const { codes, sample } = await look(worldOf([board(0), board(1, pages)]), tool);
    expect(codes).toEqual(['amd.bad-pages-pending@0000:15:00.0']);
    expect(sample?.gpus.map(({ badPagesRetired }) => badPagesRetired)).toEqual([{ unknown: 'absent' }, { value: 2 }]);
  });

  it.each([
    ['not loaded', { failure: 'driver-not-loaded' }, 'failed'],
    ['nothing was printed', { ending: 'empty' }, 'unknown'],
    ['cut document', { ending: 'cut' }, 'unknown'],
    ['text before the document', { warning: 'WARNING: AMD GPU device(s) is/are in a low-power state.' }, 'unknown'],
  ] as const)('says "%s" of %o', async (words, rest, state) => {
    const { verdict, signal } = await look(worldOf([board(0)], rest), tool);
    expect({ verdict, state: signal?.state }).toEqual({ verdict: 'unknown', state });
    expect(signal?.reason).toContain(words);
  });
});

describe('as programs', () => {
  const dir = mkdtempSync(join(tmpdir(), 'trivet-amd-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** As on a machine with these tools on PATH. */
  function onPath(folder: string): Run {
    return (spec: CommandSpec) => runCommand({ ...spec, path: join(folder, spec.path) });
  }

  it('asks rocm-smi where there is no amd-smi', async () => {
    const folder = join(dir, 'old');
    mkdirSync(folder);
    writeFakeAmdTool(folder, 'rocm-smi', worldOf([board(0)]));
    const collected = await new AmdSmiCollector({ amdSmi: null, rocmSmi: null, run: onPath(folder) }).collect();
    expect(collected).toMatchObject({ state: 'ok', sample: { tool: 'rocm-smi', gpus: { length: 1 } } });
  });

  it('asks amd-smi where there is one', async () => {
    const folder = join(dir, 'new');
    mkdirSync(folder);
    writeFakeAmdTool(folder, 'amd-smi', worldOf([board(0), board(1)]));
    const collected = await new AmdSmiCollector({ amdSmi: null, rocmSmi: null, run: onPath(folder) }).collect();
    expect(collected).toMatchObject({ state: 'ok', sample: { tool: 'amd-smi', gpus: { length: 2 } } });
  });

  it('has failed where there is neither', async () => {
    const collected = await new AmdSmiCollector({ amdSmi: null, rocmSmi: null, run: onPath(dir) }).collect();
    expect(collected).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/amd-smi: no such program.*rocm-smi: no such program.*--amd-smi PATH/),
    });
  });
});
