/** A pass from three files: reads policy and the state beside earlier passes, decides, prints the summary. */
import { fileCluster } from '@trivet/aggregator/legs/cluster/index.ts';
import { fileInventory } from '@trivet/aggregator/legs/inventory/index.ts';
import { withShortNames } from '@trivet/aggregator/legs/short-names.ts';
import { fileTelemetry } from '@trivet/aggregator/legs/telemetry/file.ts';
import { runPass, type PassOutcome } from '@trivet/aggregator/passes/index.ts';
import { readPolicy } from '@trivet/aggregator/policy-file.ts';
import { DEFAULT_POLICY } from '@trivet/aggregator/core/policy.ts';
import type { CliContext } from '../context.ts';
import { EXIT_FAILED, EXIT_REFUSED } from '../exit.ts';
import { openState } from '../pass-state.ts';
import type { PassRunFlags } from './pass.ts';

export async function runFromFiles(this: CliContext, flags: PassRunFlags): Promise<void> {
  const { name, out, at, inventory, telemetry, cluster } = flags;
  const read =
    flags.policy === undefined ? { ok: true as const, policy: DEFAULT_POLICY } : await readPolicy(flags.policy, name);
  if (!read.ok) {
    this.process.stderr.write(`trivet pass run: policy: ${read.where}: ${read.message}\n`);
    this.process.exitCode = EXIT_FAILED;
    return;
  }
  const kept = await openState(out, name);
  const outcome = await runPass({
    cluster: name,
    mode: 'observe',
    legs: {
      inventory: withShortNames(fileInventory(inventory), flags.stripDomain ?? []),
      telemetry: withShortNames(fileTelemetry(telemetry), flags.stripDomain ?? []),
      cluster: withShortNames(fileCluster(cluster), flags.stripDomain ?? []),
    },
    policy: read.policy,
    state: kept.state,
    dir: out,
    now: () => at ?? new Date(),
  });
  await kept.save(outcome.state);
  this.process.stdout.write(flags.json ? `${JSON.stringify(toJson(outcome))}\n` : outcome.summary);
  this.process.stderr.write(`pass folder: ${outcome.folder}\n`);
  if (outcome.outcome === 'withheld' || outcome.outcome === 'stopped-by-safety') this.process.exitCode = EXIT_REFUSED;
}

function toJson({ id, folder, outcome, planned, refusals, headroom, setSizes, legAgesSeconds }: PassOutcome): object {
  const schema = 'trivet.pass.run/v1';
  return { schema, id, folder, outcome, planned, refusals, headroom, sets: setSizes, legAgesSeconds };
}
