/** What the node itself tells beside its GPUs: host memory, drivers, file systems, RDMA ports, tools that hang. */
import type { Family } from '@trivet/shared/exposition/text.ts';
import type { InfinibandPort } from '@trivet/shared/model/infiniband.ts';
import type { Samples } from '@trivet/shared/model/report.ts';

type HostRow = readonly [name: string, type: Family['type'], help: string, samples: Family['samples']];

export function hostFamilies(samples: Samples): Family[] {
  return [...ofHost(samples), ...ofPorts(samples), ...ofTools(samples)].map(([name, type, help, series]) => ({
    name: `trivet_${name}`,
    type,
    help,
    samples: series,
  }));
}

function ofHost({ host }: Samples): HostRow[] {
  const memory = (host?.memoryControllers ?? []).flatMap(({ name, corrected, uncorrected }) => [
    { labels: { controller: name, type: 'correctable' }, value: corrected },
    { labels: { controller: name, type: 'uncorrectable' }, value: uncorrected },
  ]);
  const modules = Object.entries(host?.modules ?? {}).map(([module, { state, version }]) => ({
    labels: { module, state, version: version ?? '' },
    value: 1,
  }));
  const readOnly = host?.forcedReadOnly ?? null;
  return [
    ['host_memory_errors_total', 'counter', 'Errors of host memory.', memory],
    ['host_kernel_module', 'gauge', 'State of a driver.', modules],
    [
      'host_read_only_filesystems',
      'gauge',
      'File systems that the kernel has shut.',
      readOnly === null ? [] : [{ labels: {}, value: readOnly.length }],
    ],
  ];
}

function ofPorts({ infiniband }: Samples): HostRow[] {
  const ports = infiniband?.ports ?? [];
  const labelsOf = ({ device, port }: InfinibandPort) => ({ device, port: String(port) });
  const each = (read: (port: InfinibandPort) => number | null) =>
    ports.flatMap((port) => {
      const value = read(port);
      return value === null ? [] : [{ labels: labelsOf(port), value }];
    });
  return [
    [
      'rdma_port_up',
      'gauge',
      'Whether an RDMA port is active.',
      each(({ state }) => (state === null ? null : Number(state === 'active'))),
    ],
    [
      'rdma_port_rate_bytes_per_second',
      'gauge',
      'What an RDMA port can carry.',
      each(({ bitsPerSecond }) => (bitsPerSecond === null ? null : bitsPerSecond / 8)),
    ],
    ['rdma_port_downed_total', 'counter', 'Times the link went down.', each(({ linkDowned }) => linkDowned)],
    ['rdma_port_recovery_total', 'counter', 'Times it had to recover.', each((port) => port.linkErrorRecovery)],
    ['rdma_port_symbol_errors_total', 'counter', 'Symbol errors.', each(({ symbolErrors }) => symbolErrors)],
  ];
}

function ofTools({ tools }: Samples): HostRow[] {
  const hung = (tools?.hung ?? []).map(({ tool, since }) => ({ labels: { tool }, value: Date.parse(since) / 1000 }));
  return [['tool_hung_since_timestamp_seconds', 'gauge', 'A tool that was ended and does not end.', hung]];
}
