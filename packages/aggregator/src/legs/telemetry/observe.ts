/**
 * The telemetry leg as a pass reads it: the newest report of each node, as it came, and when it came by our clock. How old
 * anything in it is now is for whoever decides to say: the age that a report states, and the time since it was received.
 */
import type { Observation, ObservationError, TelemetryRow } from '@trivet/shared/model/observation.ts';
import type { Signal } from '@trivet/shared/model/node.ts';
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
  const rows = [...options.latest.all()].flatMap((latest) => rowsOf(latest, now, rivalForMs));
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

/**
 * One row, or two when two agents speak under one name: whatever either of them found, nobody can tell which machine would
 * be drained. The core takes a name twice in telemetry for a node that is unknown and whose identity does not match.
 */
function rowsOf({ row, agentId, rival }: Latest, now: Date, rivalForMs: number): TelemetryRow[] {
  if (rival === null || now.getTime() - Date.parse(rival.row.receivedAt) > rivalForMs) return [row];
  const doubled: Signal = {
    name: 'one-agent',
    state: 'unknown',
    required: true,
    reason: `two agents report as ${row.node} (${agentId} and ${rival.agentId}): give each its own node name`,
    ageMs: null,
  };
  return [rival.row, row].map((each) => {
    const { signals, ...rest } = each;
    return { ...rest, verdict: 'unknown', signals: [...signals, doubled] };
  });
}
