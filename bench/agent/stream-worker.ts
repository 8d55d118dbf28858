/**
 * One way of getting document after document out of nvidia-smi, in a process of its own so that its memory and CPU can be told
 * apart: `spawn` runs the tool for each, as the agent does; `stream` starts it once and takes its output apart, as with
 * `nvidia-smi -q -x -l`. Usage: node stream-worker.ts spawn|stream PROGRAM POLLS POLL_MS; prints one JSON object.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutClocks } from '@trivet/agent/collectors/nvidia-clocks.ts';
import { toSample } from '@trivet/agent/collectors/nvidia-sample.ts';
import { readXml } from '@trivet/agent/collectors/nvidia-xml.ts';
import { runCommand } from '@trivet/agent/os/command.ts';
import { readCpu, readMemory } from './proc.ts';
import type { CpuTime } from './proc.ts';

const END = '</nvidia_smi_log>\n';
/** Until code is compiled and the heap has its size. */
const SETTLE_SHARE = 0.3;
const TIMEOUT_MS = 10_000;

const [mode = '', program = '', polls = '', pollMs = ''] = process.argv.slice(2);
const settle = Math.ceil(Number(polls) * SETTLE_SHARE);
let read = 0;

function take(text: string): void {
  const xml = readXml(text);
  if (xml.kind !== 'document' || toSample(xml.root).gpus.length === 0) throw new Error('no whole document');
  read += 1;
}

async function spawnEach(): Promise<void> {
  const result = await runCommand({
    path: program,
    args: ['-q', '-x'],
    timeoutMs: TIMEOUT_MS,
    reduce: withoutClocks,
  });
  if (result.kind !== 'exited') throw new Error(result.kind);
  take(result.stdout);
}

/** The tool, running. What it has printed is kept as bytes until a document is whole. */
function streaming(): number {
  const child = spawn(program, ['-q', '-x', '-l'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (!chunk.includes(END)) return;
    const bytes = Buffer.concat(chunks);
    const end = bytes.lastIndexOf(END) + END.length;
    chunks = [bytes.subarray(end)];
    take(withoutClocks(bytes.subarray(0, end)).toString('utf8'));
  });
  process.once('exit', () => child.kill('SIGKILL'));
  return child.pid ?? 0;
}

const child = mode === 'stream' ? streaming() : null;
/** Of the tool: a child that ended, or one that runs with what it started. */
function toolMs(own: CpuTime): number {
  if (child === null) return own.childrenMs;
  const { ownMs, childrenMs } = readCpu(child);
  return ownMs + childrenMs;
}

let before = readCpu(process.pid);
let toolBefore = toolMs(before);
for (let poll = 0; poll < Number(polls); poll += 1) {
  if (poll === settle) [before, toolBefore] = [readCpu(process.pid), toolMs(readCpu(process.pid))];
  if (child === null) await spawnEach();
  await sleep(Number(pollMs));
}
const after = readCpu(process.pid);
const counted = Number(polls) - settle;
console.log(
  JSON.stringify({
    read,
    cpuMsPerPoll: (after.ownMs - before.ownMs) / counted,
    toolMsPerPoll: (toolMs(after) - toolBefore) / counted,
    privateDirtyMb: readMemory(process.pid).privateDirtyMb,
  }),
);
process.exit(0);
