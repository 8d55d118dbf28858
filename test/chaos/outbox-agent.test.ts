/**
 * The daemon killed at random moments while its kernel log grows: after all of it, every line is one event in the store and
 * one count in the ledger.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { FakeAggregator } from '@trivet/agent/testing/fake-aggregator.ts';
import { parseAgentMessage } from '@trivet/shared/protocol/schema.ts';
import { chaosRounds, seeded } from './seeded.ts';

const ROUNDS = chaosRounds(6);
const SEED = 79;
const WAIT = { timeout: 60_000, interval: 20 };

it(`loses and repeats no kernel line over ${ROUNDS} SIGKILLs of the agent`, { timeout: ROUNDS * 30_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivet-chaos-'));
  const kernelLog = join(folder, 'kernel.log');
  const nvidiaSmi = join(folder, 'nvidia-smi');
  writeFileSync(kernelLog, '');
  writeFileSync(nvidiaSmi, '#!/bin/sh\necho "No devices were found"; exit 6\n', { mode: 0o755 });
  const aggregator = await new FakeAggregator((frame) => {
    const parsed = parseAgentMessage(frame);
    if (!parsed.ok) throw new Error(parsed.refuse.message);
    return parsed.message;
  }).listening();
  const random = seeded(SEED);
  let lines = 0;
  const start = (): ChildProcess => {
    const script = join(import.meta.dirname, '../../packages/agent/src/main.ts');
    const flags = ['--node', 'gpu-1', '--state-dir', join(folder, 'state'), '--aggregator-url', aggregator.url];
    const sources = ['--nvidia-smi', nvidiaSmi, '--kernel-log', kernelLog, '--listen', '127.0.0.1:0'];
    return spawn(process.execPath, [script, ...flags, ...sources, '--log-level', 'error'], { stdio: 'ignore' });
  };
  const kernelEvents = () => [...aggregator.committed.values()].filter(({ kind }) => kind === 'kernel.xid');

  for (let round = 0; round < ROUNDS; round++) {
    const agent = start();
    const hellos = aggregator.of('hello').length;
    // Half of the rounds are killed in the middle of their work, half before they have begun it.
    if (round % 2 === 0) await vi.waitUntil(() => aggregator.of('hello').length > hellos, WAIT);
    const untilMs = performance.now() + 100 + random() * 900;
    while (performance.now() < untilMs) {
      lines += 1;
      appendFileSync(kernelLog, `NVRM: Xid (PCI:0000:1b:00): 31, pid=${lines}, name=python, Ch 00000008\n`);
      await pause(random() * 60);
    }
    agent.kill('SIGKILL');
    await once(agent, 'exit');
  }
  const reports = aggregator.of('report').length;
  const last = start();
  // Everything may have been delivered before: a SIGTERM that comes before the agent listens for it is not its to answer.
  await vi.waitUntil(() => aggregator.of('report').length > reports, WAIT);
  await vi.waitUntil(() => kernelEvents().length >= lines, WAIT);
  const reported = () =>
    aggregator
      .of('report')
      .at(-1)
      ?.findings.find(({ code }) => code === 'xid.31')?.count;
  await vi.waitUntil(() => reported() === lines, WAIT).catch(() => undefined);
  last.kill('SIGTERM');
  expect(await once(last, 'exit')).toEqual([0, null]);

  const pids = kernelEvents().map(({ body }) => Number(body['pid']));
  expect(pids.sort((a, b) => a - b)).toEqual(Array.from({ length: lines }, (_value, index) => index + 1));
  expect(reported()).toBe(lines);
  expect(lines).toBeGreaterThan(ROUNDS * 5);
  aggregator.close();
  rmSync(folder, { recursive: true });
});
