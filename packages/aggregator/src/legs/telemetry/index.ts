/** The telemetry leg: agents' messages in, one row a node out. */
export { ASK_TIMEOUT_MAX_MS, ASK_TIMEOUT_MIN_MS, type AskAnswer } from './asks.ts';
export { createIngest, type Ingest } from './ingest.ts';
export { createLatestReports, type Latest, type LatestReports } from './latest.ts';
export {
  ASK_OUTCOMES,
  CONNECTION_OUTCOMES,
  REFUSALS,
  type AskOutcome,
  type ConnectionOutcome,
  type RefusalOfMessage,
  type TelemetryMeter,
} from './meter.ts';
export { telemetryLeg } from './observe.ts';
export { createReceiver, type Receiver } from './receive.ts';
