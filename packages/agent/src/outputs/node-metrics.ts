/** Of the node as a whole: open findings, the sources of evidence with what they cost, Xids, and the agent's own process. */
import type { Family } from '@trivet/shared/exposition/text.ts';
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { Signal } from '@trivet/shared/model/node.ts';
import type { SenseRuns } from '../sense-runs.ts';
import type { KernelCount } from '../kernel-counts.ts';
import { single } from './gpu-series.ts';

/** The codes come from the fault catalogue and the driver's numbers, so their cardinality is that of open findings. */
export function findingFamilies(findings: readonly Finding[]): Family[] {
  const labelled = findings.map(({ gpu, code, action, urgency, strength }) => ({
    labels: { uuid: gpu?.uuid ?? '', pci_bus_id: gpu?.pciBusId ?? '', code, action, urgency, strength },
  }));
  // Two ports of the node may have the same fault.
  const alike = Map.groupBy(labelled, ({ labels }) => JSON.stringify(labels));
  const samples = [...alike.values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : [{ ...first, value: 1 + more.length }],
  );
  return [{ name: 'trivet_finding_open', type: 'gauge', help: 'Findings that are open.', samples }];
}

/** `uuidOf`: as this boot has learnt it; kernel lines name a bus id only. */
export function xidFamilies(xids: readonly KernelCount[], uuidOf: (pciBusId: string) => string | null): Family[] {
  const labelsOf = ({ pciBusId, kind }: KernelCount) => ({
    uuid: uuidOf(pciBusId) ?? '',
    pci_bus_id: pciBusId,
    xid: kind,
  });
  return [
    {
      name: 'trivet_xid_errors_total',
      type: 'counter',
      help: 'Xids since the agent began.',
      samples: xids.map((count) => ({ labels: labelsOf(count), value: count.count })),
    },
    {
      name: 'trivet_xid_last_seen_timestamp_seconds',
      type: 'gauge',
      help: 'When the kernel said so last, Unix time.',
      samples: xids.map((count) => ({ labels: labelsOf(count), value: count.lastSeenMs / 1000 })),
    },
  ];
}

/** RAS, rings and resets of AMD GPUs, switches, PCIe, adapters and the host: what has no Xid. */
export function kernelFaultFamilies(faults: readonly KernelCount[]): Family[] {
  const samples = faults.map(({ pciBusId, kind, count }) => ({
    labels: { pci_bus_id: pciBusId, code: kind },
    value: count,
  }));
  return [{ name: 'trivet_kernel_faults_total', type: 'counter', help: 'Faults without an Xid.', samples }];
}

export function collectorFamilies(signals: readonly Signal[]): Family[] {
  const states = ['ok', 'unknown', 'failed'] as const;
  return [
    {
      name: 'trivet_collector_state',
      type: 'gauge',
      help: 'Whether a source of evidence can be read; exactly one state is 1.',
      samples: signals.flatMap(({ name, state, required }) =>
        states.map((label) => ({
          labels: { collector: name, required: String(required), state: label },
          value: Number(state === label),
        })),
      ),
    },
    {
      name: 'trivet_collector_age_seconds',
      type: 'gauge',
      help: 'Since the last successful sample.',
      samples: signals.flatMap(({ name, ageMs }) =>
        ageMs === null ? [] : [{ labels: { collector: name }, value: ageMs / 1000 }],
      ),
    },
  ];
}

/** What the sources cost and how often they fail. */
export function runFamilies(runs: readonly SenseRuns[]): Family[] {
  const ofRuns = (read: (of: SenseRuns) => number | null) =>
    runs.flatMap((of) => {
      const value = read(of);
      return value === null ? [] : [{ labels: { collector: of.name }, value }];
    });
  return [
    {
      name: 'trivet_collector_runs_total',
      type: 'counter',
      help: 'Times it was asked.',
      samples: ofRuns(({ runs }) => runs),
    },
    {
      name: 'trivet_collector_failures_total',
      type: 'counter',
      help: 'Times its answer was not ok.',
      samples: ofRuns(({ failures }) => failures),
    },
    {
      name: 'trivet_collector_duration_seconds',
      type: 'gauge',
      help: 'Duration of the last run.',
      samples: ofRuns(({ lastMs }) => lastMs / 1000),
    },
    {
      name: 'trivet_collector_output_bytes_total',
      type: 'counter',
      help: 'What its tool has printed.',
      samples: ofRuns(({ printedBytes }) => printedBytes),
    },
  ];
}

/** By hand: a registry's default metrics cost 2.5 ms of CPU a second. */
export function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    single('process_cpu_seconds_total', 'counter', 'CPU time of the agent.', (user + system) / 1e6),
    single('process_resident_memory_bytes', 'gauge', 'Resident memory of the agent.', rss),
    single('nodejs_heap_size_used_bytes', 'gauge', 'JavaScript heap in use.', heapUsed),
    single(
      'process_start_time_seconds',
      'gauge',
      'Start of the agent, Unix time.',
      Date.now() / 1000 - process.uptime(),
    ),
  ];
}
