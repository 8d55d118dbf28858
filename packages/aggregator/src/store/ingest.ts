/**
 * The write path of what agents send: one batch, one transaction. When `commitBatch` resolves, the batch is on the disk and
 * its events may be acknowledged; when it rejects, nothing of it was kept.
 */
import type { Kysely, Transaction } from 'kysely';
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { TelemetryRow } from '@trivet/shared/model/observation.ts';
import type { Hello } from '@trivet/shared/protocol/messages.ts';
import type { AgentsTable, Database, EventsTable, FindingsTable } from './schema.ts';

/** Without the id, which the store gives. */
export type NewEvent = Omit<EventsTable, 'id'>;

export interface StreamProgress {
  readonly agentId: string;
  readonly streamId: string;
  readonly node: string;
  readonly ackedSeq: number;
  /** Newly found missing, to be added. */
  readonly missing: number;
}

export interface StoredReport {
  readonly reportId: string;
  readonly agentId: string;
  readonly row: TelemetryRow;
}

export interface IngestBatch {
  /** Who said hello; at most one a node. */
  readonly agents: readonly AgentsTable[];
  readonly events: readonly NewEvent[];
  readonly streams: readonly StreamProgress[];
  /** At most one a node. */
  readonly reports: readonly StoredReport[];
}

export interface Committed {
  readonly stored: number;
  /** Already there, under the same key. */
  readonly duplicate: number;
}

/** Rows a statement: at most 12 values each, far below SQLite's 32,766 and PostgreSQL's 65,535 parameters. */
const ROWS_MAX = 500;

export async function commitBatch(db: Kysely<Database>, batch: IngestBatch, nextId: () => number): Promise<Committed> {
  return db.transaction().execute(async (tx) => {
    let stored = 0;
    for (const events of chunks(batch.events)) stored += await insertEvents(tx, events, nextId);
    for (const agents of chunks(batch.agents)) await upsertAgents(tx, agents);
    for (const stream of batch.streams) await advanceStream(tx, stream);
    for (const reports of chunks(batch.reports)) await upsertReports(tx, reports);
    for (const findings of chunks(batch.reports.flatMap(findingRows))) await upsertFindings(tx, findings);
    return { stored, duplicate: batch.events.length - stored };
  });
}

/** How far this stream was taken over; 0 for a new one. Reads only: a fleet that reconnects at once must not sync the disk once a node. */
export async function ackedSeq(db: Kysely<Database>, hello: Pick<Hello, 'agentId' | 'streamId'>): Promise<number> {
  const stream = await db
    .selectFrom('streams')
    .select('acked_seq')
    .where('agent_id', '=', hello.agentId)
    .where('stream_id', '=', hello.streamId)
    .executeTakeFirst();
  return stream?.acked_seq ?? 0;
}

async function upsertAgents(tx: Transaction<Database>, agents: readonly AgentsTable[]): Promise<void> {
  await tx
    .insertInto('agents')
    .values(agents)
    .onConflict((conflict) =>
      conflict.column('node').doUpdateSet((eb) => ({
        agent_id: eb.ref('excluded.agent_id'),
        stream_id: eb.ref('excluded.stream_id'),
        boot_id: eb.ref('excluded.boot_id'),
        version: eb.ref('excluded.version'),
        hardware: eb.ref('excluded.hardware'),
        connected_at: eb.ref('excluded.connected_at'),
      })),
    )
    .execute();
}

async function insertEvents(
  tx: Transaction<Database>,
  events: readonly NewEvent[],
  nextId: () => number,
): Promise<number> {
  const result = await tx
    .insertInto('events')
    .values(events.map((event) => ({ id: nextId(), ...event })))
    .onConflict((conflict) => conflict.columns(['agent_id', 'stream_id', 'seq']).doNothing())
    .executeTakeFirstOrThrow();
  return Number(result.numInsertedOrUpdatedRows ?? 0);
}

async function advanceStream(tx: Transaction<Database>, stream: StreamProgress): Promise<void> {
  await tx
    .insertInto('streams')
    .values({
      agent_id: stream.agentId,
      stream_id: stream.streamId,
      node: stream.node,
      acked_seq: stream.ackedSeq,
      missing: stream.missing,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['agent_id', 'stream_id'])
        .doUpdateSet((eb) => ({
          acked_seq: eb.ref('excluded.acked_seq'),
          missing: eb('streams.missing', '+', eb.ref('excluded.missing')),
        }))
        // A connection that was replaced may commit after its successor: progress never goes back.
        .whereRef('streams.acked_seq', '<', 'excluded.acked_seq'),
    )
    .execute();
}

async function upsertReports(tx: Transaction<Database>, reports: readonly StoredReport[]): Promise<void> {
  await tx
    .insertInto('reports')
    .values(
      reports.map(({ reportId, agentId, row }) => ({
        node: row.node,
        report_id: reportId,
        agent_id: agentId,
        received_at: row.receivedAt,
        row: JSON.stringify(row),
      })),
    )
    .onConflict((conflict) =>
      conflict.column('node').doUpdateSet((eb) => ({
        report_id: eb.ref('excluded.report_id'),
        agent_id: eb.ref('excluded.agent_id'),
        received_at: eb.ref('excluded.received_at'),
        row: eb.ref('excluded.row'),
      })),
    )
    .execute();
}

async function upsertFindings(tx: Transaction<Database>, findings: readonly FindingsTable[]): Promise<void> {
  await tx
    .insertInto('findings')
    .values(findings)
    .onConflict((conflict) =>
      conflict.columns(['node', 'id']).doUpdateSet((eb) => ({
        state: eb.ref('excluded.state'),
        last_seen: eb.ref('excluded.last_seen'),
        count: eb.ref('excluded.count'),
        last_asserted_at: eb.ref('excluded.last_asserted_at'),
        body: eb.ref('excluded.body'),
      })),
    )
    .execute();
}

/** One row an id: PostgreSQL refuses a statement that would update one row twice. */
function findingRows({ row }: StoredReport): FindingsTable[] {
  const byId = new Map(row.findings.map((finding) => [finding.id, findingRow(row, finding)]));
  return [...byId.values()];
}

function findingRow(row: TelemetryRow, finding: Finding): FindingsTable {
  return {
    node: row.node,
    id: finding.id,
    gpu_uuid: finding.gpu?.uuid ?? null,
    serial: row.hardware.serial,
    code: finding.code,
    state: finding.state,
    first_seen: finding.firstSeen,
    last_seen: finding.lastSeen,
    count: finding.count,
    first_asserted_at: row.receivedAt,
    last_asserted_at: row.receivedAt,
    body: JSON.stringify(finding),
  };
}

function chunks<T>(rows: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < rows.length; from += ROWS_MAX) parts.push(rows.slice(from, from + ROWS_MAX));
  return parts;
}
