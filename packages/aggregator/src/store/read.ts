/** What the store is asked: latest reports at the start, history for the API. Every answer is bounded. */
import type { Kysely } from 'kysely';
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { TelemetryRow } from '@trivet/shared/model/observation.ts';
import { TrivetError, messageOf } from '../errors.ts';
import type { StoredReport } from './ingest.ts';
import type { AgentsTable, Database, ReportsTable } from './schema.ts';

export interface EventRecord {
  readonly id: number;
  readonly agentId: string;
  readonly streamId: string;
  readonly seq: number;
  readonly kind: string;
  readonly at: string;
  readonly receivedAt: string;
  readonly body: unknown;
}

export interface FindingRecord {
  readonly finding: Finding;
  readonly firstAssertedAt: string;
  /** Of the last report that held it: an older time than the node's newest report means that it is no longer asserted. */
  readonly lastAssertedAt: string;
}

/** Newest report of every node: one row each, so that memory holds no more than the fleet. */
export async function latestReports(db: Kysely<Database>): Promise<StoredReport[]> {
  const rows = await db.selectFrom('reports').selectAll().execute();
  return rows.map((row) => ({
    reportId: row.report_id,
    agentId: row.agent_id,
    row: telemetryRow(row),
  }));
}

/** To leave it out would be to forget a fault that nobody may have repaired. */
function telemetryRow({ node, row }: ReportsTable): TelemetryRow {
  try {
    return document<TelemetryRow>(row);
  } catch (error) {
    throw new TrivetError(
      'store.corrupt',
      `the newest report of ${node} in the store cannot be read: ${messageOf(error)}. Restore a backup, or delete that ` +
        'row of the table `reports`: its agent sends the next within a minute.',
      error,
    );
  }
}

/** Newest first, with an id below `before`. */
export async function eventsOf(
  db: Kysely<Database>,
  node: string,
  page: { readonly limit: number; readonly before: number },
): Promise<EventRecord[]> {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('node', '=', node)
    .where('id', '<', page.before)
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    agentId: row.agent_id,
    streamId: row.stream_id,
    seq: row.seq,
    kind: row.kind,
    at: row.at,
    receivedAt: row.received_at,
    body: document<unknown>(row.body),
  }));
}

/** Most recently asserted first. */
export async function findingsOf(db: Kysely<Database>, node: string, limit: number): Promise<FindingRecord[]> {
  const rows = await db
    .selectFrom('findings')
    .selectAll()
    .where('node', '=', node)
    .orderBy('last_asserted_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    finding: document<Finding>(row.body),
    firstAssertedAt: row.first_asserted_at,
    lastAssertedAt: row.last_asserted_at,
  }));
}

export async function agentOf(db: Kysely<Database>, node: string): Promise<AgentsTable | null> {
  return (await db.selectFrom('agents').selectAll().where('node', '=', node).executeTakeFirst()) ?? null;
}

export async function lastEventId(db: Kysely<Database>): Promise<number> {
  const { last } = await db
    .selectFrom('events')
    .select(({ fn }) => fn.max('id').as('last'))
    .executeTakeFirstOrThrow();
  return Number(last ?? 0);
}

/** JSON that this program wrote, from a column that nothing else writes: the schema's comment says its type. */
export function document<T>(text: string): T {
  return JSON.parse(text);
}
