import { describe, expect, it } from 'vitest';
import type { CommandResult } from '../os/command.ts';
import { NvlinkCollector } from './nvidia-nvlink.ts';

const GPU = 'GPU 0: NVIDIA Invented 1 (UUID: GPU-00000000-0000-4000-8000-00000000000a)\n';
const UP = `${GPU}\t Link 0: 25 GB/s\n`;
const NONE = `${GPU}Device does not have or support Nvlink\n`;

function printed(stdout: string, code = 0): CommandResult {
  return { kind: 'exited', code, signal: null, stdout, stderr: '' };
}

/** Answers by the second argument; tells which were given. */
function collectorOf(answers: Readonly<Record<string, CommandResult>>) {
  const asked: string[] = [];
  let nowMs = 0;
  const collector = new NvlinkCollector({
    path: 'nvidia-smi',
    nowMs: () => nowMs,
    run: async ({ args }) => {
      asked.push(args.join(' '));
      return answers[args[1] ?? ''] ?? printed('', 1);
    },
  });
  return { collector, asked, pass: (ms: number) => (nowMs += ms) };
}

describe('NvlinkCollector', () => {
  it('reads states and errors', async () => {
    const { collector, asked } = collectorOf({
      '-s': printed(UP),
      '-e': printed(`${GPU}\t Link 0: Replay Errors: 2\n`),
    });
    expect(await collector.collect()).toMatchObject({
      state: 'ok',
      sample: { gpus: [{ links: [{ active: true, errors: { replay: 2 } }], counters: ['replay'] }] },
    });
    expect(asked).toEqual(['nvlink -s', 'nvlink -e']);
  });

  it.each([
    ['no board has NVLink', printed(NONE)],
    ['the tool does not know the word', printed('ERROR: Option nvlink is not recognized. Please run -h.\n', 6)],
  ])('%s: an answer, and not asked again within the hour', async (_, states) => {
    const { collector, asked, pass } = collectorOf({ '-s': states });
    expect(await collector.collect()).toEqual({ state: 'ok', sample: { gpus: [] } });
    pass(3_599_999);
    expect(await collector.collect()).toEqual({ state: 'ok', sample: { gpus: [] } });
    expect(asked).toEqual(['nvlink -s']);
    pass(1);
    await collector.collect();
    expect(asked).toEqual(['nvlink -s', 'nvlink -s']);
  });

  it('inactive links are asked for again: they may come up', async () => {
    const inactive = printed(`${GPU}NVML: Unable to retrieve NVLink information as all links are inactive\n`);
    const { collector, asked } = collectorOf({ '-s': inactive });
    expect(await collector.collect()).toMatchObject({ state: 'ok', sample: { gpus: [{ support: 'inactive' }] } });
    await collector.collect();
    expect(asked).toEqual(['nvlink -s', 'nvlink -s']);
  });

  it.each<readonly [string, Record<string, CommandResult>, RegExp, boolean]>([
    ['exits with an error', { '-s': printed('Unknown Error\n', 255) }, /nvlink -s: exit 255: Unknown Error/, false],
    ['prints nothing', { '-s': printed('') }, /an empty answer/, false],
    ['uses other words', { '-s': printed(`${GPU}What is a link?\n`) }, /words not known/, true],
    ['hangs', { '-s': { kind: 'timed-out', stdout: UP, survivor: null } }, /nvlink -s: timed out/, true],
    ['is busy', { '-s': { kind: 'busy', reason: 'still hangs' } }, /nvlink -s: still hangs/, false],
    ['cannot count errors', { '-s': printed(UP), '-e': printed('GPU is lost\n', 15) }, /nvlink -e: exit 15/, true],
  ])('a tool that %s could not tell', async (_, answers, reason, hasSample) => {
    const collected = await collectorOf(answers).collector.collect();
    expect(collected).toMatchObject({ state: 'unknown', reason: expect.stringMatching(reason) });
    expect(collected.sample !== undefined).toBe(hasSample);
  });
});
