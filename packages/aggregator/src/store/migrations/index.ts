/** The steps of the schema, in order. The program knows exactly these; a database that took others is refused. */
import { Migrator, type Migration } from 'kysely/migration';
import type { Kysely } from 'kysely';
import { TrivetError, messageOf } from '../../errors.ts';
import type { Database } from '../schema.ts';
import { start } from './0001-start.ts';

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-start': start,
};

/** Brings the schema up to this program's, or refuses one that a newer program made. `where` names the database. */
export async function migrate(db: Kysely<Database>, where: string): Promise<void> {
  const unknown = (await executed(db)).filter((name) => !(name in MIGRATIONS));
  if (unknown.length > 0) {
    throw new TrivetError(
      'store.newer-schema',
      `${where} has schema steps that this program does not know (${unknown.join(', ')}): a newer Trivet wrote it. ` +
        'Start that version again, or point --dir at another folder.',
    );
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find(({ status }) => status === 'Error')?.migrationName ?? 'before the first step';
  throw new TrivetError(
    'store.migration-failed',
    `${where}: schema step ${failed} failed (${messageOf(error)}). Nothing of that step was kept; ` +
      'mend what it names (a full disk, missing rights) and start again.',
    error,
  );
}

/** Steps that the database took; none for a new one. */
async function executed(db: Kysely<Database>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute();
  return rows.map(({ name }) => name);
}
