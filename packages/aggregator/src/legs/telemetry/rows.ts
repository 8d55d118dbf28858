/** What is kept of each message: rows of the store, and the row that the core reads. */
import { verdict } from '@trivet/shared/health/verdict.ts';
import type { TelemetryRow } from '@trivet/shared/model/observation.ts';
import type { AgentEvent, Hello, ReportMessage } from '@trivet/shared/protocol/messages.ts';
import type { AgentsTable, NewEvent } from '../../store/index.ts';

/** Samples stay behind: they are asked of the agent when wanted. */
export function telemetryRow(hello: Hello, report: ReportMessage, receivedAt: string): TelemetryRow {
  const { nvidia, amd } = report.samples;
  return {
    node: hello.node,
    receivedAt,
    takenAt: report.takenAt,
    bootId: hello.bootId,
    hardware: hello.hardware,
    verdict: verdict(report.findings, report.collectors),
    findings: report.findings,
    signals: report.collectors,
    versions: {
      agent: hello.agentVersion,
      driver: nvidia?.driverVersion ?? amd?.driverVersion ?? null,
      firmware: oneOf((nvidia ?? amd)?.gpus.map(({ vbios }) => vbios) ?? []),
    },
  };
}

/** The version that all GPUs share; a mixture has none that would name the node. */
function oneOf(versions: readonly (string | null)[]): string | null {
  const [first = null] = versions;
  return versions.every((version) => version === first) ? first : null;
}

export function agentRow({ node, agentId, streamId, bootId, agentVersion, hardware }: Hello, at: string): AgentsTable {
  return {
    node,
    agent_id: agentId,
    stream_id: streamId,
    boot_id: bootId,
    version: agentVersion,
    hardware: JSON.stringify(hardware),
    connected_at: at,
  };
}

export function eventRow({ node, agentId, streamId }: Hello, event: AgentEvent, receivedAt: string): NewEvent {
  return {
    agent_id: agentId,
    stream_id: streamId,
    seq: event.seq,
    node,
    kind: event.kind,
    at: event.at,
    received_at: receivedAt,
    body: JSON.stringify(event.body),
  };
}
