/** Captured `nvidia-smi -L` outputs, and what the tool was measured to print when it fails, command by command. Read off the files by hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMigNames } from '@trivet/agent/collectors/nvidia-mig.ts';
import { NvidiaSmiCollector } from '@trivet/agent/collectors/nvidia-smi.ts';
import { readList } from '@trivet/agent/collectors/nvidia-list.ts';
import { describe, expect, it } from 'vitest';

const corpus = process.env['TRIVET_CORPUS'];
if (corpus === undefined) console.warn('TRIVET_CORPUS is not set: skipped "nvidia-smi captures: lists and failures"');

function textOf(file: string): string {
  return readFileSync(join(corpus ?? '', 'nvidia-smi', file), 'utf8');
}

interface Run {
  readonly command: string;
  readonly text: string;
  readonly code: number;
}

/** `## what was run`, what it printed, `## exit N`. */
function transcript(text: string): Run[] {
  return [...text.matchAll(/^## (?!exit)(.*)\n([^]*?)^## exit (\d+)$/gm)].map(
    ([, command = '', printed = '', code]) => ({
      command,
      text: printed,
      code: Number(code),
    }),
  );
}

describe.skipIf(corpus === undefined)('nvidia-smi captures: lists and failures', () => {
  it('eight GPUs of seven parts each', () => {
    const text = textOf('list-gpus-h100-mig-L.txt');
    expect(readList(text)).toMatchObject({ listed: { length: 8 }, lost: [] });
    const parts = [...readMigNames(text).values()].map((names) => [...names.values()].map(({ profile }) => profile));
    expect(parts).toEqual(Array(8).fill(Array(7).fill('1g.10gb')));
  });

  it('compute instances of one GPU instance', () => {
    const text = textOf('capture-linux-x86_64-nvidia-h200-mig-590.48.01.txt');
    const begin = text.indexOf('\nGPU 0:', text.indexOf('# $ nvidia-smi -L\n'));
    const names = readMigNames(text.slice(begin, text.indexOf('####', begin)));
    const profiles = [...names.values()].flatMap((parts) => [...parts.values()].map(({ profile }) => profile));
    expect(profiles).toEqual(['1c.3g.71gb', '2c.3g.71gb', '2g.35gb', '1g.18gb', '1g.18gb']);
  });

  it('every failure that was measured, with its exit status', async () => {
    const runs = transcript(textOf('errors/made-failures-535.txt'));
    const told: string[] = [];
    for (const { command, text, code } of runs.filter((run) => !run.command.endsWith('-L'))) {
      const list = runs.find((run) => run.command.endsWith('-L'));
      const collector = new NvidiaSmiCollector({
        path: 'nvidia-smi',
        run: async ({ args }) => {
          const answer = args[0] === '-L' ? list : { text, code };
          return { kind: 'exited', code: answer?.code ?? 255, signal: null, stdout: answer?.text ?? '', stderr: '' };
        },
      });
      const { state, sample } = await collector.collect();
      told.push(
        `${code} ${state}, ${sample?.lost.length ?? 0} lost, ${sample?.listed?.length ?? 0} listed: ${command}`,
      );
    }
    expect(told.map((line) => line.replace(/:.*/, ''))).toEqual([
      '9 failed, 0 lost, 0 listed',
      '18 failed, 0 lost, 0 listed',
      '255 failed, 0 lost, 0 listed',
      '15 unknown, 1 lost, 2 listed',
      '6 failed, 0 lost, 0 listed',
    ]);
  });
});
