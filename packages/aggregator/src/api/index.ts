/** HTTP: read API, metrics, page. */
export { CheckRuns } from './check-runs.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { createServer } from './server.ts';
export type { ApiContext, PassProgress } from './context.ts';
