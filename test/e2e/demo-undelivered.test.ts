/** A node that does not deliver fails the run, by name: a pass is never made from whoever happened to be in time. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NotDeliveredError } from '@trivet/simulator/delivery.ts';
import { startDemo, type RunningDemo } from '@trivet/simulator/demo.ts';

const DEADLINE_MS = 3000;

let dir: string;
let demo: RunningDemo;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'trivet-undelivered-'));
  demo = await startDemo({
    nodes: 24,
    seed: 7,
    dir,
    port: 0,
    realAgents: true,
    deliveryDeadlineMs: DEADLINE_MS,
    progress: () => undefined,
    signal: new AbortController().signal,
  });
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A tool that never answers, and tells which process it is. */
function hangTool(agent: string): string {
  const pidFile = join(dir, 'agents', agent, 'pid');
  writeFileSync(join(dir, 'agents', agent, 'nvidia-smi'), `#!/bin/sh\necho $$ > '${pidFile}'\nexec sleep 300\n`);
  return pidFile;
}

it('names the one node whose tool hangs, makes no pass, and leaves no tool behind', async () => {
  const [hung = '', ...others] = readdirSync(join(dir, 'agents'));
  expect(others.length).toBeGreaterThan(0);
  const pidFile = hangTool(hung);
  const failure: unknown = await demo.nextPass().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(NotDeliveredError);
  expect(failure).toMatchObject({ nodes: [hung], message: expect.stringContaining(`  ${hung}: `) });
  expect(existsSync(join(dir, 'passes'))).toBe(false);
  await demo.stop();
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const end = performance.now() + 10_000;
  while (existsSync(`/proc/${pid}`) && performance.now() < end) await sleep(20);
  expect(() => process.kill(pid, 0)).toThrow();
});
