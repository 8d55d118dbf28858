/** The real agent's senses on a fake node see what a simulated agent would say of it: both halves of the demo agree. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_PAST, NodeObserver, assess, type Assessment } from '@trivet/agent/check-node.ts';
import { HostCollector } from '@trivet/agent/collectors/host.ts';
import { KernelLogCollector } from '@trivet/agent/collectors/kernel-log.ts';
import { NvidiaSmiCollector } from '@trivet/agent/collectors/nvidia-smi.ts';
import { nvidiaSense } from '@trivet/agent/senses.ts';
import { verdict } from '@trivet/shared/health/verdict.ts';
import { passTime } from './clock.ts';
import { makeFakeNode } from './fake-node.ts';
import { HARD_FAULTS, LASTING, NOISE, type Fault } from './faults.ts';
import { reportOf } from './simulated-report.ts';
import { createWorld, type AgentView } from './world.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'trivet-fake-node-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function intact(): AgentView {
  const view = createWorld({ nodes: 1, seed: 7, hardFaults: 0 }).frame(1).agents[0];
  if (view === undefined) throw new Error('a world of one node has no agent');
  return { ...view, faults: [] };
}

function failing(fault: Fault): AgentView {
  return { ...intact(), faults: [{ fault, gpu: 2, since: passTime(1) }] };
}

/** Looks once while the node is intact, and again when it fails. */
async function look(view: AgentView): Promise<{ before: Assessment; after: Assessment }> {
  const node = await makeFakeNode(mkdtempSync(join(dir, 'node-')), intact());
  const kernelLog = new KernelLogCollector({ path: node.kernelLog });
  const nvidia = new NvidiaSmiCollector({ path: node.nvidiaSmi });
  const demands = {
    given: new Set(['nvidia'] as const),
    isOwnNode: false,
    kernelLogRequired: true,
    expectedGpus: null,
  };
  const observer = new NodeObserver({ host: new HostCollector(), kernelLog, others: [nvidiaSense(nvidia)] }, demands);
  const assessor = { ...NO_PAST, node: view.node, expectedGpus: null };
  const before = assess(await observer.observe(), assessor);
  node.update(view);
  const after = assess(await observer.observe(), { ...assessor, ...before });
  kernelLog.close();
  return { before, after };
}

describe('makeFakeNode', () => {
  it.each([...HARD_FAULTS, ...LASTING, ...NOISE])('$name: real and simulated agent agree', async (fault) => {
    const { before, after } = await look(failing(fault));
    expect([before.verdict, before.findings]).toEqual(['healthy', []]);
    const simulated = reportOf(failing(fault), 1, passTime(1));
    expect(after.verdict).toBe(verdict(simulated.findings, simulated.collectors));
    const codes = after.findings.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(simulated.findings.map(({ code }) => code)));
  });

  it('prints a line once, however often it is updated', async () => {
    const [fault] = HARD_FAULTS;
    if (fault === undefined) throw new Error('no faults');
    const node = await makeFakeNode(mkdtempSync(join(dir, 'node-')), intact());
    node.update(failing(fault));
    node.update(failing(fault));
    const collected = await new KernelLogCollector({ path: node.kernelLog, follow: false }).collect();
    expect(collected.sample?.events.map(({ kind }) => kind)).toEqual(['xid']);
  });
});
