/**
 * The real agent on a simulated node: its own collectors, checks, ledger, outbox and connection, over a fake nvidia-smi and
 * a kernel log file, with its local HTTP on any free port. Its times are the machine's: they stay in its findings'
 * evidence, which decides nothing. The aggregator stamps what it receives by the world's clock.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAgent } from '@trivet/agent/agent.ts';
import type { AgentConfig } from '@trivet/agent/config.ts';
import { createLog } from '@trivet/agent/log.ts';
import { SOCKET_PATH } from '@trivet/shared/protocol/messages.ts';
import { makeFakeNode, type FakeNode } from './fake-node.ts';
import type { NodeAgent } from './node-agent.ts';
import type { AgentView } from './world.ts';

/** Its polls by itself are left to the demo, which asks at every pass; this is the most that the agent takes. */
const POLL_MS = 3_600_000;
const REPORT_MS = 60_000;
const OUTBOX_MAX_BYTES = 1024 * 1024;

/** `dir` keeps its state, its fake tool and its log. Resolves once it has looked at the node, intact, for the first time. */
export async function startRealAgent(dir: string, view: AgentView, origin: string): Promise<NodeAgent> {
  const node = await makeFakeNode(dir, { ...view, faults: [] });
  const logFile = join(dir, 'agent.log');
  const agent = await startAgent(configOf(dir, view.node, { origin, ...node }), {
    log: createLog({ level: 'info', write: (line) => appendFileSync(logFile, line), now: Date.now }),
    chassisSerial: () => Promise.resolve(view.hardware.serial),
  });
  let shown: { readonly pass: number; readonly reportId: string } | null = null;
  try {
    await agent.report();
  } catch (error) {
    await agent.stop();
    throw error;
  }
  return {
    node: view.node,
    async deliver(now, pass) {
      node.update(now);
      shown = { pass, reportId: (await agent.report()).reportId };
    },
    isReportOf: (reportId, pass) => shown?.pass === pass && shown.reportId === reportId,
    problem: () => `its report is under way; its log is ${logFile}`,
    stop: () => agent.stop(),
  };
}

interface Place extends FakeNode {
  readonly origin: string;
}

function configOf(dir: string, node: string, { origin, nvidiaSmi, kernelLog }: Place): AgentConfig {
  return {
    node,
    stateDir: join(dir, 'state'),
    aggregatorUrl: new URL(SOCKET_PATH, origin.replace(/^http/, 'ws')).href,
    tokenFile: null,
    listen: { host: '127.0.0.1', port: 0 },
    nvidiaSmi,
    amdSmi: null,
    rocmSmi: null,
    kernelLog,
    expectedGpus: null,
    pollMs: POLL_MS,
    reportMs: REPORT_MS,
    outboxMaxBytes: OUTBOX_MAX_BYTES,
    siteChecksDir: null,
    siteCheckMs: POLL_MS,
    siteCheckTimeoutMs: 30_000,
    siteChecksRequired: false,
    dcgmNames: false,
    logLevel: 'info',
  };
}
