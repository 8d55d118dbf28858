import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { CommandResult, Run } from '../os/command.ts';
import { AmdSmiCollector } from './amd-smi.ts';

function exited(stdout: string, code = 0, stderr = ''): CommandResult {
  return { kind: 'exited', code, signal: null, stdout, stderr };
}

function metric(...gpus: readonly object[]): string {
  return JSON.stringify(gpus.map((gpu, index) => ({ gpu: index, temperature: { hotspot: 40 }, ...gpu })));
}

function list(count: number): string {
  return JSON.stringify(
    Array.from({ length: count }, (_, gpu) => ({ gpu, bdf: `0000:${gpu}5:00.0`, uuid: `uuid-0000${gpu}` })),
  );
}

let nowMs: number;
let calls: string[];
let answers: Record<string, CommandResult>;
beforeEach(() => {
  nowMs = 0;
  calls = [];
  answers = { metric: exited(metric({})), list: exited(list(1)), static: exited(list(1)) };
});

/** By subcommand; what is not answered fails. */
const run: Run = async ({ args }) => {
  const [subcommand = ''] = args;
  calls.push(subcommand);
  return answers[subcommand] ?? exited('', 2, `invalid choice: '${subcommand}'`);
};

function collector(rest: Partial<ConstructorParameters<typeof AmdSmiCollector>[0]> = {}): AmdSmiCollector {
  return new AmdSmiCollector({ amdSmi: 'amd-smi', rocmSmi: null, run, nowMs: () => nowMs, ...rest });
}

function taken(): string {
  return calls.splice(0).join(' ');
}

describe('what is asked how often', () => {
  it('asks for readings at each look, and for the rest every five minutes', async () => {
    answers['bad-pages'] = exited(JSON.stringify([{ gpu: 0, retired: 'No bad pages found.' }]));
    const amd = collector();
    expect(await amd.collect()).toMatchObject({ state: 'ok', sample: { gpus: [{ badPagesRetired: { value: 0 } }] } });
    expect(taken()).toBe('metric list static bad-pages xgmi');
    nowMs = 299_000;
    expect(await amd.collect()).toMatchObject({ state: 'ok', sample: { gpus: [{ badPagesRetired: { value: 0 } }] } });
    expect(taken()).toBe('metric');
    nowMs = 300_000;
    await amd.collect();
    expect(taken()).toBe('metric list static bad-pages xgmi');
  });

  it('asks at once when there are other GPUs', async () => {
    const amd = collector();
    await amd.collect();
    taken();
    answers['metric'] = exited(metric({}, {}));
    answers['list'] = exited(list(2));
    answers['static'] = exited(list(2));
    expect(await amd.collect()).toMatchObject({ state: 'ok', sample: { gpus: { length: 2 } } });
    expect(taken()).toBe('metric list static bad-pages xgmi');
  });

  it('asks sooner for what failed, and is not ok until then', async () => {
    answers['list'] = exited('[{"gpu": 0, ');
    const amd = collector();
    expect(await amd.collect()).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('amd-smi list: cut'),
    });
    taken();
    answers['list'] = exited(list(1));
    nowMs = 30_000;
    expect(await amd.collect()).toMatchObject({ state: 'unknown' });
    expect(taken()).toBe('metric');
    nowMs = 60_000;
    expect(await amd.collect()).toMatchObject({ state: 'ok' });
  });

  it('asks nothing more when the first run has no answer', async () => {
    answers['metric'] = { kind: 'timed-out', stdout: '', survivor: null };
    expect(await collector().collect()).toMatchObject({ state: 'unknown', reason: expect.stringContaining('no end') });
    expect(taken()).toBe('metric');
  });

  it('shares one budget among its runs', async () => {
    const given: number[] = [];
    const slow: Run = async (spec) => {
      given.push(spec.timeoutMs);
      return run(spec);
    };
    await collector({ run: slow, timeoutMs: 400 }).collect();
    expect(given).toEqual([]);
    await collector({ run: slow, timeoutMs: 10_000 }).collect();
    expect(given).toHaveLength(5);
    expect(given.every((timeoutMs, index) => timeoutMs <= (given[index - 1] ?? 10_000))).toBe(true);
  });

  it('gives who asks twice one answer', async () => {
    const amd = collector();
    const [first, second] = await Promise.all([amd.collect(), amd.collect()]);
    expect(second).toBe(first);
    expect(calls.filter((call) => call === 'metric')).toHaveLength(1);
  });
});

describe('bad pages', () => {
  it('are missed where errors are counted, and nowhere else', async () => {
    answers['metric'] = exited(metric({ ecc: { total_uncorrectable_count: 0 } }));
    expect(await collector().collect()).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('amd-smi bad-pages: exit 2'),
    });
    answers['metric'] = exited(metric({ ecc: { total_uncorrectable_count: 'N/A' } }));
    expect(await collector().collect()).toMatchObject({ state: 'ok' });
  });
});

describe('counters from look to look', () => {
  const ecc = (correctable: number) => ({
    ecc: { total_correctable_count: correctable, total_uncorrectable_count: 0 },
    ecc_blocks: { UMC: { correctable_count: correctable, uncorrectable_count: 0 } },
  });

  it('does not believe a million more', async () => {
    answers['bad-pages'] = exited('[{"gpu": 0, "retired": "No bad pages found."}]');
    answers['metric'] = exited(metric(ecc(7)));
    const amd = collector();
    expect(await amd.collect()).toMatchObject({ sample: { gpus: [{ eccTotal: { correctable: { value: 7 } } }] } });
    answers['metric'] = exited(metric(ecc(1_048_567)));
    expect(await amd.collect()).toMatchObject({
      state: 'ok',
      sample: {
        gpus: [
          {
            eccTotal: { correctable: { unknown: '1048567, 1048560 more than at the last look' } },
            implausible: { length: 2 },
          },
        ],
      },
    });
    answers['metric'] = exited(metric(ecc(1_048_600)));
    expect(await amd.collect()).toMatchObject({
      sample: { gpus: [{ eccTotal: { correctable: { value: 1_048_600 } }, implausible: [] }] },
    });
  });

  it.each([
    [{ total_uncorrectable_count: 16 * 65_535 }, /multiple of 65535/],
    [{ total_uncorrectable_count: 70_000 }, /more than any board survives/],
    [{ total_correctable_count: 65_535 }, /multiple of 65535/],
  ])('does not believe %j at the first look', async (ecc, words) => {
    answers['metric'] = exited(metric({ ecc }));
    const { sample } = await collector().collect();
    expect(sample?.gpus[0]?.implausible).toEqual([expect.stringMatching(words)]);
  });
});

describe('no answer, and why', () => {
  const sys = mkdtempSync(join(tmpdir(), 'trivet-sys-'));
  afterAll(() => rmSync(sys, { recursive: true }));
  const NO_DRIVER = 'ERROR: Unable to get devices, driver not initialized (amdgpu not found in modules)\n';

  it('tells a driver that is not loaded from one that is still loading', async () => {
    mkdirSync(join(sys, 'module'), { recursive: true });
    answers['metric'] = exited('', 255, NO_DRIVER);
    expect(await collector({ sys }).collect()).toEqual({
      state: 'failed',
      reason:
        'amd-smi metric: exit 255: the driver (amdgpu) is not loaded: load it (modprobe amdgpu); the kernel log says why it is not',
    });
    mkdirSync(join(sys, 'module/amdgpu'));
    writeFileSync(join(sys, 'module/amdgpu/initstate'), 'coming\n');
    expect(await collector({ sys }).collect()).toEqual({
      state: 'failed',
      reason:
        'amd-smi metric: exit 255: the driver (amdgpu) is still loading: it answers when it has brought up its GPUs',
    });
  });

  it.each([
    ['exit 1', exited(metric({}), 1), /^amd-smi metric: exit 1$/],
    ['a signal', { kind: 'exited', code: null, signal: 'SIGSEGV', stdout: metric({}), stderr: '' }, /ended by SIGSEGV/],
    ['an error document', exited('{"error": "Invalid command", "code": -1}'), /exit 0: Invalid command/],
    ['text behind it', exited(`${metric({})}\nTraceback`), /text after the document: Traceback/],
    ['a killed run', { kind: 'timed-out', stdout: metric({}), survivor: null }, /after a whole document/],
    ['a busy tool', { kind: 'busy', reason: 'the previous run still hangs' }, /still hangs/],
    ['no GPU', exited('', 255, 'ERROR: Unable to detect any GPU devices'), /the driver has no GPU/],
  ] as const)('is not ok after %s', async (_, result, reason) => {
    answers['metric'] = result;
    const collected = await collector().collect();
    expect(collected.state).not.toBe('ok');
    expect('reason' in collected && collected.reason).toMatch(reason);
  });

  it('does not mind what is said on standard error beside a whole document', async () => {
    answers['metric'] = exited(metric({}), 0, 'ERROR: 2 GPU[0]: fan: Not supported');
    expect(await collector().collect()).toMatchObject({ state: 'ok' });
  });
});

describe('which tool', () => {
  const missing: CommandResult = { kind: 'not-found', reason: 'no such program' };
  const CARD = JSON.stringify({
    card0: { 'PCI Bus': '0000:05:00.0', 'Temperature (Sensor edge) (C)': '30.0', 'GPU use (%)': '0' },
  });

  function tools(amdSmi: string | null, rocmSmi: string | null) {
    const asked: string[] = [];
    const both: Run = async ({ path, args }) => {
      asked.push(path);
      if (path.endsWith('amd-smi')) return missing;
      return exited(args.includes('--json') ? CARD : '=== RAS Info ===');
    };
    return { asked, collect: () => new AmdSmiCollector({ amdSmi, rocmSmi, run: both }).collect() };
  }

  it('asks rocm-smi where there is no amd-smi', async () => {
    const { asked, collect } = tools(null, null);
    expect(await collect()).toMatchObject({ state: 'ok', sample: { tool: 'rocm-smi' } });
    expect(asked).toEqual(['amd-smi', '/opt/rocm/bin/amd-smi', 'rocm-smi', 'rocm-smi']);
  });

  it('asks only the one that was named', async () => {
    const amd = tools('/opt/amd-smi', null);
    expect(await amd.collect()).toMatchObject({ state: 'failed', reason: expect.stringContaining('--amd-smi PATH') });
    expect(amd.asked).toEqual(['/opt/amd-smi']);
    const rocm = tools(null, '/opt/rocm-smi');
    expect(await rocm.collect()).toMatchObject({ state: 'ok' });
    expect(rocm.asked).toEqual(['/opt/rocm-smi', '/opt/rocm-smi']);
    const both = tools('/opt/amd-smi', '/opt/rocm-smi');
    expect(await both.collect()).toMatchObject({ state: 'ok', sample: { tool: 'rocm-smi' } });
  });
});
