/** The first tables. A migration that was released is never edited: the next step is the next file. */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

async function up(db: Kysely<unknown>): Promise<void> {
  await agentTables(db);
  await eventTable(db);
  await findingTable(db);
  await passTables(db);
}

async function agentTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('agents')
    .addColumn('node', 'text', (column) => column.primaryKey())
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('stream_id', 'text', (column) => column.notNull())
    .addColumn('boot_id', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('hardware', 'text', (column) => column.notNull())
    .addColumn('connected_at', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('streams')
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('stream_id', 'text', (column) => column.notNull())
    .addColumn('node', 'text', (column) => column.notNull())
    .addColumn('acked_seq', 'bigint', (column) => column.notNull())
    .addColumn('missing', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('streams_key', ['agent_id', 'stream_id'])
    .execute();
  await db.schema
    .createTable('reports')
    .addColumn('node', 'text', (column) => column.primaryKey())
    .addColumn('report_id', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('received_at', 'text', (column) => column.notNull())
    .addColumn('row', 'text', (column) => column.notNull())
    .execute();
}

async function eventTable(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('events')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('stream_id', 'text', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('node', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('received_at', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    // This is what "not counted twice" means.
    .addUniqueConstraint('events_key', ['agent_id', 'stream_id', 'seq'])
    .execute();
  await db.schema.createIndex('events_by_node').on('events').columns(['node', 'id']).execute();
}

async function findingTable(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('findings')
    .addColumn('node', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('gpu_uuid', 'text')
    .addColumn('serial', 'text')
    .addColumn('code', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('first_seen', 'text', (column) => column.notNull())
    .addColumn('last_seen', 'text', (column) => column.notNull())
    .addColumn('count', 'bigint', (column) => column.notNull())
    .addColumn('first_asserted_at', 'text', (column) => column.notNull())
    .addColumn('last_asserted_at', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    // Ids are made by agents: one node can only ever rewrite its own.
    .addPrimaryKeyConstraint('findings_key', ['node', 'id'])
    .execute();
  await db.schema.createIndex('findings_by_gpu').on('findings').column('gpu_uuid').execute();
  await db.schema.createIndex('findings_by_age').on('findings').column('last_asserted_at').execute();
}

async function passTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('pass_state')
    .addColumn('cluster', 'text', (column) => column.primaryKey())
    .addColumn('saved_at', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('passes')
    .addColumn('cluster', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('finished_at', 'text', (column) => column.notNull())
    .addColumn('planned', 'integer', (column) => column.notNull())
    .addColumn('refused', 'integer', (column) => column.notNull())
    .addColumn('headroom', 'integer', (column) => column.notNull())
    .addColumn('duration_ms', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('passes_key', ['cluster', 'id'])
    .execute();
}

export const start: Migration = { up };
