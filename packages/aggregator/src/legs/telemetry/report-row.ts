/** What is kept of a report: the row that the core reads. Samples stay behind; they are asked of the agent when wanted. */
import { verdict } from '@trivet/shared/health/verdict.ts';
import type { TelemetryRow } from '@trivet/shared/model/observation.ts';
import type { Hello, ReportMessage } from '@trivet/shared/protocol/messages.ts';

export function telemetryRow(hello: Hello, report: ReportMessage, receivedAt: string): TelemetryRow {
  const { nvidia } = report.samples;
  return {
    node: hello.node,
    receivedAt,
    bootId: hello.bootId,
    hardware: hello.hardware,
    verdict: verdict(report.findings, report.collectors),
    findings: report.findings,
    signals: report.collectors,
    versions: {
      agent: hello.agentVersion,
      driver: nvidia?.driverVersion ?? null,
      firmware: oneOf(nvidia?.gpus.map(({ vbios }) => vbios) ?? []),
    },
  };
}

/** The version that all GPUs share; a mixture has none that would name the node. */
function oneOf(versions: readonly (string | null)[]): string | null {
  const [first = null] = versions;
  return versions.every((version) => version === first) ? first : null;
}
