/** A node whose tools say what the fuzzer wants, looked at by the agent's own collectors, checks, ledger and verdict. */
import { hostFixture } from '@trivet/shared/model/host.fixture.ts';
import { NO_PAST, NodeObserver, assess } from '@trivet/agent/check-node.ts';
import type { Assessment, Past } from '@trivet/agent/check-node.ts';
import type { Collected, Collector } from '@trivet/agent/collectors/collector.ts';
import { KernelLogCollector } from '@trivet/agent/collectors/kernel-log.ts';
import type { KernelLogSample } from '@trivet/agent/collectors/kernel-log.ts';
import type { CommandResult } from '@trivet/agent/os/command.ts';
import type { Sense } from '@trivet/agent/senses.ts';
import type { HostSample } from '@trivet/shared/model/report.ts';

export const NOW_MS = Date.parse('2026-11-20T17:00:00.000Z');
export const BOOT_ID = '0b0b0b0b-1111-4222-8333-444444444444';

export function exited(code: number | null, stdout: string, stderr = ''): CommandResult {
  return { kind: 'exited', code, signal: code === null ? 'SIGKILL' : null, stdout, stderr };
}

export type KernelLogKind = 'file' | 'device';

export interface FuzzNode {
  readonly others: readonly Sense[];
  /** GPUs on PCI; null: a person named the vendor's tool, PCI does not count. */
  readonly pciGpus: HostSample['pciGpus'] | null;
  /** Null: not read. */
  readonly kernelLog: { readonly kind: KernelLogKind; readonly rows: readonly string[] } | null;
  readonly past?: Past;
  /** After the usual time. */
  readonly laterMs?: number;
}

/** Everything that the agent makes of it, at one look. */
export async function look({ others, pciGpus, kernelLog, past = NO_PAST, laterMs = 0 }: FuzzNode): Promise<Assessment> {
  const host = hostFixture({ bootId: BOOT_ID, pciGpus: pciGpus ?? [] });
  const senses = {
    host: always<HostSample>('host', { state: 'ok', sample: host }),
    kernelLog: kernelLog === null ? always('kernel-log', NOT_READ) : kernelLogOf(kernelLog),
    others,
  };
  const given = new Set(pciGpus === null ? (['nvidia', 'amd'] as const) : []);
  const demands = { given, isOwnNode: pciGpus !== null, kernelLogRequired: kernelLog !== null, expectedGpus: null };
  const observation = await new NodeObserver(senses, demands, () => NOW_MS + laterMs).observe();
  return assess(observation, { ...past, node: 'n1', expectedGpus: null });
}

const NOT_READ: Collected<KernelLogSample> = { state: 'unknown', reason: 'not read' };

function always<Sample>(name: string, collected: Collected<Sample>): Collector<Sample> {
  return { name, collect: () => Promise.resolve(collected) };
}

/** The collector over a log that ends: its rows come at once, then nothing. */
function kernelLogOf({ kind, rows }: NonNullable<FuzzNode['kernelLog']>): KernelLogCollector {
  let left = [...rows];
  let position = 0;
  return new KernelLogCollector({
    path: '/dev/kmsg',
    machine: {
      open: () => ({
        kind,
        read: () => {
          const lines = left;
          left = [];
          const starts = lines.map((_, index) => position + index);
          position += lines.length;
          return { lines, starts, overruns: 0, more: false };
        },
        position: () => position,
        close: () => undefined,
      }),
      bootId: () => BOOT_ID,
      nowMs: () => NOW_MS,
      uptimeSeconds: () => 1000,
    },
  });
}
