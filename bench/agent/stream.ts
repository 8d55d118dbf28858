/**
 * A spawn a poll against one long-running tool, both side by side. The fake costs nearly nothing to start, which the real tool
 * does not: what a start costs on a GPU node has to be measured there.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from '../median.ts';
import type { BenchOptions } from './options.ts';
import { World } from './world.ts';

export interface Streamed {
  readonly mode: string;
  readonly cpuMsPerPoll: number;
  readonly toolMsPerPoll: number;
  readonly privateDirtyMb: number;
}

const MODES = ['spawn', 'stream'] as const;
const POLLS = 60;
const POLL_MS = 1000;
const FLAGS = ['--max-semi-space-size=1', '--single-threaded', '--no-opt', '--no-sparkplug'];
const WORKER = join(import.meta.dirname, 'stream-worker.ts');

export async function compareStream({ runs }: BenchOptions): Promise<readonly Streamed[]> {
  const world = new World();
  try {
    const looping = join(world.dir, 'nvidia-smi-loop');
    const script = `#!/bin/sh\nwhile :; do '${world.nvidiaSmi}' -q -x; sleep ${POLL_MS / 1000}; done\n`;
    writeFileSync(looping, script, { mode: 0o755 });
    const programs = { spawn: world.nvidiaSmi, stream: looping };
    const all: Streamed[] = [];
    for (let run = 0; run < runs; run += 1) {
      all.push(...(await Promise.all(MODES.map((mode) => runWorker(mode, programs[mode])))));
    }
    return MODES.map((mode) => {
      const of = (read: (row: Streamed) => number): number =>
        median(all.filter((row) => row.mode === mode).map((row) => read(row)));
      return {
        mode,
        cpuMsPerPoll: of((row) => row.cpuMsPerPoll),
        toolMsPerPoll: of((row) => row.toolMsPerPoll),
        privateDirtyMb: of((row) => row.privateDirtyMb),
      };
    });
  } finally {
    await world.close();
  }
}

async function runWorker(mode: string, program: string): Promise<Streamed> {
  const args = [...FLAGS, WORKER, mode, program, String(POLLS), String(POLL_MS)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 2 * POLLS * POLL_MS });
  const printed: Omit<Streamed, 'mode'> = JSON.parse(stdout);
  return { ...printed, mode };
}
