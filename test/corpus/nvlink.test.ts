/** Captured `nvidia-smi nvlink -s` outputs, alone and inside captures of many commands. Expectations were read off the files by hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNvlinkStates } from '@trivet/agent/collectors/nvlink-text.ts';
import type { NvlinkGpu } from '@trivet/shared/model/nvlink.ts';
import { describe, expect, it } from 'vitest';

const corpus = process.env['TRIVET_CORPUS'];
const folder = join(corpus ?? '', 'nvidia-smi');
if (corpus === undefined) console.warn('TRIVET_CORPUS is not set: skipped "nvlink captures"');

/** Links that are up, by GPU. */
const FILES: Readonly<Record<string, readonly number[]>> = {
  'nvlink-status-a100-good.txt': [12],
  'nvlink-status-a100-gpud.txt': [12, 12, 12, 12, 12, 12, 12, 12],
  'nvlink-status-a100-inactive.txt': [0],
};

/** What the only GPU of a capture has. */
const CAPTURES: Readonly<Record<string, readonly [support: NvlinkGpu['support'], links: number]>> = {
  'capture-linux-x86_64-nvidia-geforce-rtx-2080-super-595.71.05.txt': ['inactive', 0],
  'capture-linux-x86_64-nvidia-geforce-rtx-2080-super-610.57.04.txt': ['inactive', 0],
  'capture-linux-x86_64-nvidia-geforce-rtx-4080-super-595.71.05.txt': ['none', 0],
  'capture-linux-x86_64-nvidia-h100-80gb-hbm3-590.48.01.txt': ['links', 18],
  'capture-linux-x86_64-nvidia-h100-mig-590.48.01.txt': ['mig', 0],
  'capture-linux-x86_64-nvidia-h200-590.48.01.txt': ['links', 18],
  'capture-linux-x86_64-nvidia-h200-mig-590.48.01.txt': ['mig', 0],
  'capture-linux-x86_64-nvidia-l40s-595.80.txt': ['none', 0],
  'capture-windows-x86_64-nvidia-geforce-rtx-2080-super-591.86.txt': ['inactive', 0],
  'capture-windows-x86_64-nvidia-geforce-rtx-2080-super-610.62.txt': ['inactive', 0],
};

function section(text: string): string {
  const begin = text.indexOf('# $ nvidia-smi nvlink -s');
  const body = text.slice(text.indexOf('\n', text.indexOf('####', begin)));
  return body.slice(0, body.indexOf('####'));
}

describe.skipIf(corpus === undefined)('nvlink captures', () => {
  it.each(Object.entries(FILES))('%s', (file, up) => {
    const gpus = readNvlinkStates(readFileSync(join(folder, file), 'utf8'));
    expect(gpus.map(({ links }) => links.filter(({ active }) => active === true).length)).toEqual(up);
    expect(gpus.map(({ support }) => support)).toEqual(up.map((links) => (links === 0 ? 'inactive' : 'links')));
  });

  it.each(Object.entries(CAPTURES))('%s', (file, [support, links]) => {
    const gpus = readNvlinkStates(section(readFileSync(join(folder, file), 'utf8')));
    expect(gpus).toMatchObject([{ support, links: { length: links } }]);
    expect(gpus[0]?.links.every(({ bytesPerSecond }) => bytesPerSecond === 26_562_000_000)).toBe(true);
  });
});
