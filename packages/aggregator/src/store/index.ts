/** State that outlives the process. */
export { createStore, type Store } from './store.ts';
export { openSqlite } from './sqlite.ts';
export { DEFAULT_RETENTION, type Retention } from './retention.ts';
export type { Committed, IngestBatch, NewEvent, StoredReport, StreamProgress } from './ingest.ts';
export type { AgentsTable } from './schema.ts';
export type { EventRecord, FindingRecord } from './read.ts';
