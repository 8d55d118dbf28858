/**
 * Tables as kysely sees them. Times are ISO 8601 text and documents are JSON text: both databases sort the first and carry
 * the second alike. `migrations/` makes these tables; a change there is a change here.
 */

/** Latest incarnation of the agent of a node, for display. */
export interface AgentsTable {
  node: string;
  agent_id: string;
  stream_id: string;
  boot_id: string;
  version: string;
  /** JSON of Hardware. */
  hardware: string;
  connected_at: string;
}

/** How far each outbox was taken over: outlives its events, which retention deletes. */
export interface StreamsTable {
  agent_id: string;
  stream_id: string;
  node: string;
  acked_seq: number;
  /** Sequence numbers that the agent itself no longer had. */
  missing: number;
}

export interface EventsTable {
  /** Given by the one writer, in order of arrival: retention and paging go by it. */
  id: number;
  agent_id: string;
  stream_id: string;
  seq: number;
  node: string;
  kind: string;
  /** By the node's clock. */
  at: string;
  /** By ours. */
  received_at: string;
  body: string;
}

/** The newest report of each node, normalised: no samples, those are asked of the agent. */
export interface ReportsTable {
  node: string;
  report_id: string;
  agent_id: string;
  received_at: string;
  /** JSON of TelemetryRow, `receivedAt` and all. */
  row: string;
}

/** History: nothing here is ever closed. A finding that is no longer asserted keeps its last `last_asserted_at`. */
export interface FindingsTable {
  node: string;
  id: string;
  gpu_uuid: string | null;
  serial: string | null;
  code: string;
  state: string;
  first_seen: string;
  last_seen: string;
  count: number;
  first_asserted_at: string;
  last_asserted_at: string;
  /** JSON of Finding. */
  body: string;
}

export interface PassStateTable {
  cluster: string;
  saved_at: string;
  /** JSON of PassState. */
  state: string;
}

export interface PassesTable {
  id: string;
  cluster: string;
  finished_at: string;
  planned: number;
  refused: number;
  headroom: number;
  duration_ms: number;
}

export interface Database {
  agents: AgentsTable;
  streams: StreamsTable;
  events: EventsTable;
  reports: ReportsTable;
  findings: FindingsTable;
  pass_state: PassStateTable;
  passes: PassesTable;
}
