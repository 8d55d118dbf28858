/**
 * The agent's `/metrics`: the node's GPUs and findings, and whether the agent itself can be believed. docs/metrics.md describes
 * each; a test holds that page and code agree.
 */
import { renderExposition } from '@trivet/shared/exposition/text.ts';
import type { Family } from '@trivet/shared/exposition/text.ts';
import type { Signal } from '@trivet/shared/model/node.ts';
import type { StateKeeper } from './agent-state.ts';
import type { NodeWatch } from './node-watch.ts';
import type { Outbox } from './outbox/outbox.ts';
import { KERNEL_LOG } from './checks/check.ts';
import { dcgmFamilies } from './outputs/dcgm-metrics.ts';
import { errorFamilies } from './outputs/gpu-error-metrics.ts';
import { loadFamilies } from './outputs/gpu-load-metrics.ts';
import { countFamilies, healthFamilies, infoFamilies } from './outputs/gpu-presence-metrics.ts';
import { single } from './outputs/gpu-series.ts';
import { stateFamilies } from './outputs/gpu-state-metrics.ts';
import { hostFamilies } from './outputs/host-metrics.ts';
import { linkFamilies } from './outputs/link-metrics.ts';
import {
  collectorFamilies,
  findingFamilies,
  kernelFaultFamilies,
  processFamilies,
  runFamilies,
  xidFamilies,
} from './outputs/node-metrics.ts';
import { siteFamilies } from './outputs/site-metrics.ts';
import type { Push } from './outputs/push.ts';

export interface AgentView {
  readonly node: string;
  readonly version: string;
  readonly expectedGpus: number | null;
  /** Also under dcgm-exporter's names. */
  readonly dcgmNames: boolean;
  readonly watch: Pick<
    NodeWatch,
    'samples' | 'findings' | 'opened' | 'dropped' | 'signals' | 'kernelCounters' | 'runs' | 'xids' | 'faults' | 'uuidOf'
  >;
  readonly outbox: Pick<Outbox, 'agentId' | 'depth' | 'bytes' | 'lost' | 'reportsDropped' | 'failures'>;
  readonly keeper: Pick<StateKeeper, 'failures' | 'lost' | 'waiting'>;
  readonly push: Pick<Push, 'connected' | 'counts' | 'reports'> | null;
}

/** In pieces, a family each. */
export function* renderAgentMetrics(view: AgentView): Generator<string> {
  const duplicates = yield* renderExposition(familiesOf(view));
  yield* renderExposition([
    single('trivet_agent_duplicate_series', 'gauge', 'Series left out of this scrape.', duplicates),
  ]);
}

/** One topic after the other: a node with many GPUs never has all of its series in memory at once. */
function* familiesOf(view: AgentView): Generator<Family> {
  const { node, version, watch, outbox, dcgmNames, expectedGpus } = view;
  const info = { labels: { node, version, agent_id: outbox.agentId }, value: 1 };
  const build = { labels: { version, nodejs: process.versions.node }, value: 1 };
  const { samples, findings } = watch;
  const judged = { samples, findings, signals: watch.signals(), expectedGpus };
  yield { name: 'trivet_agent_info', type: 'gauge', help: 'Identity of the agent.', samples: [info] };
  yield { name: 'trivet_build_info', type: 'gauge', help: 'What runs.', samples: [build] };
  yield* healthFamilies(judged);
  yield* countFamilies(judged);
  yield* infoFamilies(samples);
  yield* loadFamilies(samples);
  yield* errorFamilies(samples);
  yield* stateFamilies(samples);
  yield* linkFamilies(samples);
  yield* hostFamilies(samples);
  yield* xidFamilies(watch.xids.all, (pciBusId) => watch.uuidOf(pciBusId));
  yield* kernelFaultFamilies(watch.faults.all);
  yield* findingFamilies(findings);
  yield single('trivet_findings_opened_total', 'counter', 'Findings opened since the agent began.', watch.opened);
  yield single('trivet_findings_dropped_total', 'counter', 'Findings that there was no room for.', watch.dropped);
  yield* collectorFamilies(judged.signals);
  yield* runFamilies(watch.runs);
  yield* siteFamilies(samples.site);
  yield* kernelFamilies(watch);
  yield* deliveryFamilies(view);
  yield* processFamilies();
  if (dcgmNames) yield* dcgmFamilies({ node, samples, ...lastXid(judged.signals, watch) });
}

/** Where the kernel log cannot be read, "no Xid" would be a guess. */
function lastXid(signals: readonly Signal[], { xids }: AgentView['watch']) {
  const isRead = signals.some(({ name, state }) => name === KERNEL_LOG && state === 'ok');
  return isRead ? { lastXid: (pciBusId: string) => Number(xids.last(pciBusId) ?? 0) } : {};
}

function kernelFamilies({ kernelCounters }: AgentView['watch']): Family[] {
  if (kernelCounters === null) return [];
  const { records, lost, overruns, forged, malformed, unreadXids } = kernelCounters;
  return [
    single('trivet_kernel_log_records_total', 'counter', 'Kernel records read.', records),
    single('trivet_kernel_log_lost_total', 'counter', 'Kernel records overwritten before they were read.', lost),
    single('trivet_kernel_log_overruns_total', 'counter', 'Times the kernel ring was overrun.', overruns),
    single('trivet_kernel_log_forged_total', 'counter', 'Records that user space wrote, not judged.', forged),
    single('trivet_kernel_log_malformed_total', 'counter', 'Records that could not be parsed.', malformed),
    single('trivet_kernel_log_unread_xids_total', 'counter', 'Lines about an Xid that could not be read.', unreadXids),
  ];
}

function deliveryFamilies({ outbox, keeper, push }: AgentView): Family[] {
  const stored = [
    single('trivet_agent_outbox_events', 'gauge', 'Events that wait for an acknowledgement.', outbox.depth),
    single('trivet_agent_outbox_bytes', 'gauge', 'Size of the outbox on disk.', outbox.bytes),
    single('trivet_agent_unstored_events', 'gauge', 'Events that the disk has not taken yet.', keeper.waiting),
    single('trivet_agent_events_lost_total', 'counter', 'Events dropped or found damaged.', outbox.lost + keeper.lost),
    single('trivet_agent_reports_dropped_total', 'counter', 'Reports that were never sent.', outbox.reportsDropped),
    single('trivet_agent_outbox_failures_total', 'counter', 'Appends that the disk refused.', outbox.failures),
    single('trivet_agent_state_failures_total', 'counter', 'State that the disk refused.', keeper.failures),
  ];
  if (push === null) return stored;
  const { counts, reports } = push;
  return [
    ...stored,
    single('trivet_agent_connected', 'gauge', 'Whether the aggregator has welcomed us.', Number(push.connected)),
    single('trivet_agent_welcomes_total', 'counter', 'Connections that were welcomed.', counts.welcomes),
    single('trivet_agent_refusals_total', 'counter', 'Messages that the aggregator refused.', counts.refusals),
    single('trivet_agent_bad_frames_total', 'counter', 'Frames that are no message.', counts.badFrames),
    single('trivet_agent_reports_superseded_total', 'counter', 'Reports overtaken unsent.', reports.superseded),
    single('trivet_agent_reports_too_large_total', 'counter', 'Reports over the frame limit.', reports.tooLarge),
  ];
}
