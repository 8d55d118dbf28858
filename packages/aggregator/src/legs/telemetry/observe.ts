/**
 * The telemetry leg as a pass reads it: the newest report of each node, with ages by our clock. A report says how old its
 * samples were when it was taken; the time since it arrived is added here, so a node that fell silent grows old by itself.
 */
import type { Observation, ObservationError, TelemetryRow } from '@trivet/shared/model/observation.ts';
import type { LegReader } from '../../core/legs.ts';
import type { Latest, LatestReports } from './latest.ts';

export interface TelemetryLegOptions {
  readonly latest: LatestReports;
  readonly now: () => Date;
  /** Of this aggregator. */
  readonly startedAt: Date;
  readonly reportIntervalMs: number;
}

/** Reports within which every living agent has been heard again after our start; also when a report is stale. */
const WARM_UP_REPORTS = 3;

export function telemetryLeg(options: TelemetryLegOptions): LegReader<TelemetryRow> {
  return {
    name: 'telemetry',
    observe: async (cluster) => observe(cluster, options),
  };
}

function observe(cluster: string, options: TelemetryLegOptions): Observation<TelemetryRow> {
  const now = options.now();
  const errors = warmUp(now, options);
  const rivalForMs = WARM_UP_REPORTS * options.reportIntervalMs;
  const rows = [...options.latest.all()].map((latest) => aged(latest, now, rivalForMs));
  return { leg: 'telemetry', cluster, observedAt: now.toISOString(), complete: errors.length === 0, errors, rows };
}

function warmUp(now: Date, { startedAt, reportIntervalMs }: TelemetryLegOptions): ObservationError[] {
  const neededMs = WARM_UP_REPORTS * reportIntervalMs;
  const upMs = now.getTime() - startedAt.getTime();
  if (upMs >= neededMs) return [];
  return [
    {
      code: 'telemetry.warming-up',
      where: 'aggregator',
      message:
        `the aggregator started ${seconds(upMs)} s ago and has not heard everybody again: complete after ` +
        `${seconds(neededMs)} s (${WARM_UP_REPORTS} report intervals of ${seconds(reportIntervalMs)} s). Wait.`,
    },
  ];
}

function seconds(ms: number): number {
  return Math.max(0, Math.round(ms / 1000));
}

/** The row with signals as old as they are now; unknown when two agents speak under one name. */
function aged({ row, rival, agentId }: Latest, now: Date, rivalForMs: number): TelemetryRow {
  const sinceMs = Math.max(0, now.getTime() - Date.parse(row.receivedAt));
  const signals = row.signals.map((signal) => ({
    ...signal,
    ageMs: signal.ageMs === null ? null : signal.ageMs + sinceMs,
  }));
  if (rival === null || now.getTime() - Date.parse(rival.receivedAt) > rivalForMs) return { ...row, signals };
  const doubled = {
    name: 'one-agent',
    state: 'unknown',
    required: true,
    reason: `two agents report as ${row.node} (${agentId} and ${rival.agentId}): give each its own node name`,
    ageMs: null,
  } as const;
  return { ...row, verdict: 'unknown', signals: [...signals, doubled] };
}
