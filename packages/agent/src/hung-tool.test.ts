/** A vendor's tool that outlives SIGKILL, through the whole look: its finding, the verdict, and the end of both. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { NO_PAST, NodeObserver, assess } from './check-node.ts';
import { HungToolsCollector } from './collectors/hung-tools.ts';
import { NvidiaSmiCollector } from './collectors/nvidia-smi.ts';
import { runCommand } from './os/command.ts';
import { tool } from './os/tool.ts';
import { nvidiaSense, toolsSense } from './senses.ts';

const dir = mkdtempSync(join(tmpdir(), 'trivet-hung-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const path = join(dir, 'nvidia-smi');
const WELL =
  '<nvidia_smi_log>\n<attached_gpus>1</attached_gpus><gpu id="00000000:1B:00.0"><temperature><gpu_temp>30 C</gpu_temp></temperature></gpu>\n</nvidia_smi_log>';

function printsAfter(command: string): void {
  writeFileSync(path, `#!/bin/sh\n${command}\ncat <<'END'\n${WELL}\nEND\n`, { mode: 0o755 });
}

describe('a tool that hangs', () => {
  it('is named until it answers again, and the node is unknown meanwhile', async () => {
    let pid = 0;
    const nvidia = tool((spec) => runCommand(spec, (group) => void (pid = group)));
    const pciGpus = [{ vendor: 'nvidia', pciBusId: '0000:1b:00.0' }] as const;
    const senses = {
      host: { name: 'host', collect: async () => ({ state: 'ok', sample: hostFixture({ pciGpus }) }) as const },
      kernelLog: { name: 'kernel-log', collect: async () => ({ state: 'unknown', reason: 'not read' }) as const },
      others: [
        nvidiaSense(new NvidiaSmiCollector({ path, timeoutMs: 5000, run: nvidia.run })),
        toolsSense(new HungToolsCollector({ 'nvidia-smi': nvidia })),
      ],
    };
    const demands = { given: new Set<'nvidia'>(), isOwnNode: true, kernelLogRequired: false, expectedGpus: null };
    // Each look comes later than what it may disprove.
    let nowMs = Date.parse('2026-11-20T17:00:00.000Z');
    const observer = new NodeObserver(senses, demands, () => (nowMs += 1000));
    let past = NO_PAST;
    const look = async () => {
      const assessed = assess(await observer.observe(), { ...past, node: 'n1', expectedGpus: null });
      past = { ...past, ...assessed };
      return { codes: assessed.findings.map(({ code }) => code), verdict: assessed.verdict };
    };

    printsAfter('exec sleep 600');
    expect(await look()).toEqual({ codes: ['tool.hung'], verdict: 'unknown' });
    // Not started again while the first one lives.
    expect(await look()).toEqual({ codes: ['tool.hung'], verdict: 'unknown' });
    process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => nvidia.hung()?.survivor?.hasEnded() === true, { timeout: 20_000 });
    printsAfter(':');
    expect(await look()).toEqual({ codes: [], verdict: 'healthy' });
  });
});
