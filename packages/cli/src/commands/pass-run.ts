import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileCluster } from '@trivet/aggregator/legs/cluster/index.ts';
import { fileInventory } from '@trivet/aggregator/legs/inventory/index.ts';
import { fileTelemetry } from '@trivet/aggregator/legs/telemetry/file.ts';
import { runPass, type PassOutcome } from '@trivet/aggregator/passes/index.ts';
import { parseState } from '@trivet/aggregator/passes/schemas.ts';
import { writeWhole } from '@trivet/aggregator/passes/folder.ts';
import { readPolicy } from '@trivet/aggregator/policy-file.ts';
import { DEFAULT_POLICY } from '@trivet/aggregator/core/policy.ts';
import { EMPTY_STATE, type PassState } from '@trivet/aggregator/core/state.ts';
import type { CliContext } from '../context.ts';
import { EXIT_FAILED, EXIT_REFUSED } from '../exit.ts';
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
  const statePath = join(out, name, 'state.json');
  const outcome = await runPass({
    cluster: name,
    mode: 'observe',
    legs: { inventory: fileInventory(inventory), telemetry: fileTelemetry(telemetry), cluster: fileCluster(cluster) },
    policy: read.policy,
    state: await readState(statePath),
    dir: out,
    now: () => at ?? new Date(),
  });
  await writeWhole(statePath, `${JSON.stringify(outcome.state)}\n`);
  this.process.stdout.write(flags.json ? `${JSON.stringify(toJson(outcome))}\n` : outcome.summary);
  this.process.stderr.write(`pass folder: ${outcome.folder}\n`);
  if (outcome.outcome === 'withheld' || outcome.outcome === 'stopped-by-safety') this.process.exitCode = EXIT_REFUSED;
}

/** What the passes before this one left; nothing before the first. A state that cannot be read is no empty one. */
async function readState(path: string): Promise<PassState> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? EMPTY_STATE : parseState(text, path);
}

function toJson({ id, folder, outcome, planned, refusals, headroom, setSizes, legAgesSeconds }: PassOutcome): object {
  const schema = 'trivet.pass.run/v1';
  return { schema, id, folder, outcome, planned, refusals, headroom, sets: setSizes, legAgesSeconds };
}
