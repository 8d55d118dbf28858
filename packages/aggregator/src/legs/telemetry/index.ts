/** The telemetry leg: agents' messages in, one row a node out. */
export { createIngest, type Ingest } from './ingest.ts';
export { createLatestReports, type Latest, type LatestReports } from './latest.ts';
export {
  CONNECTION_OUTCOMES,
  REFUSALS,
  type ConnectionOutcome,
  type RefusalOfMessage,
  type TelemetryMeter,
} from './meter.ts';
export { telemetryLeg } from './observe.ts';
export { createReceiver, type Receiver } from './receive.ts';
