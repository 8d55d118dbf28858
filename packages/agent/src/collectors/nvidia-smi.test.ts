import { describe, expect, it } from 'vitest';
import type { CommandResult, CommandSpec } from '../os/command.ts';
import { NvidiaSmiCollector } from './nvidia-smi.ts';

const CORE = '<temperature><gpu_temp>30 C</gpu_temp></temperature>';

function documentOf(attached: number, ...gpus: readonly string[]): string {
  const elements = gpus.map((inside, index) => `<gpu id="00000000:0${index}:00.0">${inside}</gpu>`).join('\n');
  return `<?xml version="1.0" ?>\n<nvidia_smi_log>\n<attached_gpus>${attached}</attached_gpus>\n${elements}\n</nvidia_smi_log>\n`;
}

const WHOLE = documentOf(2, `<uuid>GPU-0</uuid>${CORE}`, `<uuid>GPU-1</uuid>${CORE}`);

function exited(code: number | null, stdout: string, stderr = ''): CommandResult {
  return { kind: 'exited', code, signal: code === null ? 'SIGSEGV' : null, stdout, stderr };
}

/** Answers `-q -x` with the first result and `-L` with the second, which must not be asked for when there is none. */
function collectorOf(query: CommandResult, list?: CommandResult): NvidiaSmiCollector {
  const run = async ({ args }: CommandSpec): Promise<CommandResult> => {
    if (args.join(' ') === '-q -x') return query;
    if (list === undefined) throw new Error('asked for a list');
    return list;
  };
  return new NvidiaSmiCollector({ path: '/usr/bin/nvidia-smi', timeoutMs: 5000, run });
}

describe('NvidiaSmiCollector', () => {
  it('is ok only for a whole document, exit 0, nothing around it and every GPU described', async () => {
    expect(await collectorOf(exited(0, WHOLE)).collect()).toMatchObject({ state: 'ok', sample: { attachedGpus: 2 } });
  });

  it.each([
    [
      'driver not loaded',
      exited(9, "NVIDIA-SMI has failed because it couldn't communicate with the driver.\n"),
      'exit 9',
    ],
    ['version mismatch', exited(18, 'Failed to initialize NVML: Driver/library version mismatch\n'), 'mismatch'],
    ['no library, no text', exited(12, ''), 'libnvidia-ml.so'],
    ['no devices', exited(6, 'No devices were found\n'), 'No devices'],
    ['no permission', exited(4, 'Failed to initialize NVML: Insufficient Permissions\n'), 'Permissions'],
    ['internal error', exited(255, 'Failed to initialize NVML: Unknown Error\n'), 'Unknown Error'],
    [
      'not installed',
      { kind: 'not-found', reason: '/usr/bin/nvidia-smi: no such program' } as const,
      'no such program',
    ],
  ])('fails with a reason: %s', async (_, result, reason) => {
    expect(await collectorOf(result).collect()).toEqual({ state: 'failed', reason: expect.stringContaining(reason) });
  });

  it.each([
    ['a cut document', exited(0, WHOLE.slice(0, 150)), 'cut'],
    ['two documents', exited(0, WHOLE + WHOLE), 'several'],
    [
      'a number of GPUs that the name of a process has put there',
      exited(0, documentOf(1, CORE).replace('</nvidia_smi_log>', '<attached_gpus>2</attached_gpus></nvidia_smi_log>')),
      'given twice: not believed',
    ],
    ['more GPUs than are attached', exited(0, documentOf(1, CORE, CORE)), '1 GPUs attached, but 2 named: not believed'],
    ['damaged markup', exited(0, WHOLE.replace('</uuid>', '</uid>')), 'malformed'],
    ['text, exit 0', exited(0, 'No devices were found\n'), 'no document'],
    ['nothing, exit 0', exited(0, ''), 'nothing was printed'],
    ['a crash', exited(null, ''), 'SIGSEGV'],
    ['a hang', { kind: 'timed-out', stdout: '', survivor: null } as const, 'no end within 5 s'],
    ['a flood', { kind: 'too-much-output', stdout: 'x', survivor: null } as const, 'too much output'],
  ])('cannot tell: %s', async (_, result, reason) => {
    expect(await collectorOf(result).collect()).toEqual({ state: 'unknown', reason: expect.stringContaining(reason) });
  });

  it.each([
    ['a failed shutdown', exited(255, `${WHOLE}Failed to shutdown NVML: Unknown Error\n`), 'after the document'],
    ['a non-zero exit', exited(15, WHOLE), 'exit 15'],
    ['a warning before it', exited(0, `WARNING: infoROM is corrupted\n${WHOLE}`), 'before the document'],
    ['words on standard error', exited(0, WHOLE, 'GPU is lost\n'), 'standard error: GPU is lost'],
    ['a hang after it', { kind: 'timed-out', stdout: WHOLE, survivor: null } as const, 'no end within 5 s'],
    ['a GPU described twice', exited(0, WHOLE.replace(':01:00.0', ':00:00.0')), 'described twice'],
    ['a GPU without readings', exited(0, documentOf(1, '<uuid>GPU-0</uuid>')), 'neither temperature nor memory'],
    ['no count', exited(0, WHOLE.replace(/<attached_gpus>.*\n/, '')), 'how many GPUs'],
    ['no GPU', exited(0, documentOf(0)), 'no GPU is attached'],
  ])('uses the document but does not call it the whole truth: %s', async (_, result, reason) => {
    expect(await collectorOf(result).collect()).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining(reason),
      sample: { gpus: expect.any(Array) },
    });
  });

  it('asks the list which GPU is lost when one hides all others', async () => {
    const query = exited(15, 'Unable to determine the device handle for GPU1: GPU is lost.  Reboot the system\n\n\n');
    const list = exited(
      15,
      'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)\n  MIG 1g.10gb     Device  0: (UUID: MIG-1)\n' +
        'Unable to determine the device handle for gpu 1: GPU is lost.  Reboot the system\n\n\n' +
        'GPU 2: NVIDIA H100 80GB HBM3 (UUID: GPU-2)\nGPU 3: NVIDIA H100 80GB HBM3 (UUID: Unknown Error)\n',
    );
    expect(await collectorOf(query, list).collect()).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/GPU is lost.*2 GPUs are listed but not described/),
      sample: {
        gpus: [],
        lost: [
          { name: '3', kind: 'unreachable' },
          { name: '1', kind: 'lost' },
        ],
        listed: [
          { uuid: 'GPU-0', model: 'NVIDIA H100 80GB HBM3' },
          { uuid: 'GPU-2', model: 'NVIDIA H100 80GB HBM3' },
        ],
      },
    });
  });

  it('reads a list with any line ends, and gives no time to lines that are not the tool’s', async () => {
    const query = exited(15, 'Unable to determine the device handle for GPU1: GPU is lost. Reboot\r\n');
    const endless = `GPU 0: ${' (UUID: x'.repeat(1_500_000)}`;
    const named = Array.from(
      { length: 400 },
      (_, index) => `GPU ${index}: H\x1b100${'0'.repeat(200)} (UUID: GPU-${index})`,
    );
    const list = [endless, 'Unable to determine the device handle for gpu 1: GPU is lost. Reboot', ...named].join(
      '\r\n',
    );
    // A pattern that was tried on the endless line would not end within the time that a test has.
    const { sample } = await collectorOf(query, exited(15, list)).collect();
    expect(sample).toMatchObject({ lost: [{ name: '1', kind: 'lost' }], listed: { length: 256 } });
    expect(sample?.listed?.[0]?.model).toMatch(/^H 100[0]{123}$/);
  });

  it('says what to do where the tool does not', async () => {
    expect(
      await collectorOf(exited(18, 'Failed to initialize NVML: Driver/library version mismatch\n')).collect(),
    ).toEqual({
      state: 'failed',
      reason: 'exit 18: Failed to initialize NVML: Driver/library version mismatch (load the driver anew, or reboot)',
    });
    const missing = { kind: 'not-found', reason: '/opt/nvidia-smi: no such program' } as const;
    expect(await collectorOf(missing).collect()).toMatchObject({
      reason: expect.stringContaining('--nvidia-smi PATH'),
    });
  });

  it('puts the bus id of the query to the index of the list', async () => {
    const query = exited(15, 'Unable to determine the device handle for GPU0000:41:00.0: GPU is lost. Reboot\n');
    const list = exited(15, 'Unable to determine the device handle for gpu 1: GPU is lost.  Reboot\n');
    expect(await collectorOf(query, list).collect()).toMatchObject({
      sample: { lost: [{ name: '1', pciBusId: '0000:41:00.0', kind: 'lost' }] },
    });
  });

  it('keeps what the query said when the list cannot be had', async () => {
    const query = exited(15, 'Unable to determine the device handle for GPU0000:41:00.0: GPU is lost. Reboot\n');
    expect(await collectorOf(query, { kind: 'timed-out', stdout: '', survivor: null }).collect()).toMatchObject({
      state: 'unknown',
      sample: { lost: [{ pciBusId: '0000:41:00.0', kind: 'lost' }] },
    });
  });

  it.each([
    ['GPU0000:41:00.0: GPU is lost. Reboot the system', '0000:41:00.0', 'lost'],
    ['GPU0: 0000:01:00.0: GPU is lost. Reboot the system', '0000:01:00.0', 'lost'],
    ['GPU 0000:04:00.0: Unknown Error', '0000:04:00.0', 'unreachable'],
    ['gpu 7: Insufficient Permissions', null, 'unreachable'],
  ] as const)('understands how a GPU is named: %s', async (text, pciBusId, kind) => {
    const query = exited(255, `Unable to determine the device handle for ${text}\n`);
    const collected = await collectorOf(query, exited(255, '')).collect();
    expect(collected).toMatchObject({ sample: { lost: [{ pciBusId, kind }] } });
  });

  it('names a GPU that was left out in silence', async () => {
    const list = exited(
      4,
      'GPU 0: X (UUID: GPU-0)\nUnable to determine the device handle for gpu 1: Insufficient Permissions\n',
    );
    expect(await collectorOf(exited(0, documentOf(2, `<uuid>GPU-0</uuid>${CORE}`)), list).collect()).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/2 GPUs attached, 1 described.*Insufficient Permissions/),
      sample: { gpus: [{ uuid: 'GPU-0' }], lost: [{ name: '1', kind: 'unreachable' }], listed: [] },
    });
  });

  it('does not need a name to know that a GPU is lost', async () => {
    const query = exited(15, 'GPU is lost. Reboot the system to recover this GPU\n');
    expect(await collectorOf(query, query).collect()).toMatchObject({
      sample: { lost: [{ name: 'unnamed', kind: 'lost' }] },
    });
  });

  it('runs one at a time: who asks meanwhile gets the same answer', async () => {
    let runs = 0;
    const run = async (): Promise<CommandResult> => {
      runs += 1;
      return exited(0, WHOLE);
    };
    const collector = new NvidiaSmiCollector({ path: 'x', run });
    const [first, second] = await Promise.all([collector.collect(), collector.collect()]);
    expect(first).toBe(second);
    expect(runs).toBe(1);
  });

  it('does not start another while one that was killed still lives', async () => {
    let hasEnded = false;
    const survivor = { pid: 4711, startedAt: '2026-11-20T17:00:00.000Z', hasEnded: () => hasEnded };
    const collector = collectorOf({ kind: 'timed-out', stdout: '', survivor });
    expect(await collector.collect()).toMatchObject({ reason: expect.stringContaining('cannot be killed (pid 4711)') });
    expect(await collector.collect()).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('still hangs'),
    });
    hasEnded = true;
    expect(await collector.collect()).toMatchObject({ reason: expect.stringContaining('no end within') });
  });

  it('takes the warning of a corrupt InfoROM for what it is: no reason to doubt the document', async () => {
    const warning = 'WARNING: infoROM is corrupted at gpu 0000:01:00.0\n';
    for (const run of [exited(14, WHOLE + warning), exited(0, WHOLE + warning), exited(14, WHOLE, warning)]) {
      expect(await collectorOf(run).collect()).toMatchObject({
        state: 'ok',
        sample: { gpus: { length: 2 }, inforomCorrupted: ['0000:01:00.0'] },
      });
    }
    const stranger = warning.replace('0000:01', '0000:1b');
    expect(await collectorOf(exited(14, WHOLE + stranger)).collect()).toMatchObject({
      state: 'unknown',
      reason: 'warned of GPU 0000:1b:00.0, which is not described',
    });
    // The status without the warning, and the warning with something else behind the document, are odd as ever.
    expect(await collectorOf(exited(14, WHOLE)).collect()).toMatchObject({ state: 'unknown' });
    const more = exited(14, `${WHOLE}${warning}Failed to shut down\n`);
    expect(await collectorOf(more).collect()).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/^text after the document: Failed to shut down$/),
    });
  });

  it('says of a driver that does not answer whether it is there', async () => {
    const run = async (): Promise<CommandResult> => exited(9, 'no driver');
    const driver = () => 'kernel module nvidia: still loading';
    const collector = new NvidiaSmiCollector({ path: 'nvidia-smi', run, driver });
    expect(await collector.collect()).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('; kernel module nvidia: still loading'),
    });
  });
});
