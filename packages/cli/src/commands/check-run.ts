/** What `trivet check` does: one look at this machine, then the verdict as exit status. */
import { hostname } from 'node:os';
import { NO_PAST, NodeObserver, assess } from '@trivet/agent/check-node.ts';
import { HostCollector } from '@trivet/agent/collectors/host.ts';
import { KMSG_PATH, KernelLogCollector } from '@trivet/agent/collectors/kernel-log.ts';
import { createSenses, givenVendors } from '@trivet/agent/senses.ts';
import type { Verdict } from '@trivet/shared/model/finding.ts';
import type { CliContext } from '../context.ts';
import type { CheckFlags } from './check.ts';
import { checkJson, checkText } from './check-report.ts';

export const EXIT_BY_VERDICT: Readonly<Record<Verdict, number>> = { healthy: 0, degraded: 1, unhealthy: 2, unknown: 3 };

export async function runCheck(flags: CheckFlags, cli: CliContext['process']): Promise<void> {
  // Should this command itself break, that is "could not tell", never "degraded" (1).
  cli.exitCode = EXIT_BY_VERDICT.unknown;
  const tools = {
    nvidiaSmi: flags.nvidiaSmi ?? null,
    amdSmi: flags.amdSmi ?? null,
    rocmSmi: flags.rocmSmi ?? null,
  };
  const given = givenVendors(tools);
  const demands = {
    given,
    isOwnNode: given.size === 0,
    kernelLogRequired: flags.kernelLog !== undefined || flags.require === 'kernel-log',
    expectedGpus: flags.expectGpus ?? null,
  };
  const kernelLog = new KernelLogCollector({ path: flags.kernelLog ?? KMSG_PATH, follow: false });
  const senses = {
    host: new HostCollector(),
    kernelLog,
    others: createSenses({ ...tools, timeoutMs: flags.timeout * 1000 }),
  };
  // The tool runs in a process group of its own, which neither Ctrl-C nor the end of this command reaches.
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());
  const observation = await new NodeObserver(senses, demands).observe(interrupted.signal);
  kernelLog.close();
  const node = hostname();
  const assessment = assess(observation, {
    node,
    ...NO_PAST,
    expectedGpus: demands.expectedGpus,
  });
  cli.exitCode = EXIT_BY_VERDICT[assessment.verdict];
  const report = { node, observation, assessment };
  cli.stdout.write(flags.json ? `${JSON.stringify(checkJson(report))}\n` : checkText(report));
}
