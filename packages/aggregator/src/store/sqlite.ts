/**
 * The one file that knows node:sqlite. It wraps the driver in the small structure that kysely's SQLite dialect asks for,
 * sets what durability needs, and turns SQLite's errors into ones that say how to mend them. Another database is another
 * file like this one; the rest of `store/` speaks kysely only.
 */
import { closeSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  Kysely,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type Dialect,
  type SqliteDatabase,
  type SqliteStatement,
} from 'kysely';
import { TrivetError, messageOf } from '../errors.ts';
import { migrate } from './migrations/index.ts';
import type { Database } from './schema.ts';

/** `TRVT`, in the file's header: tells our files from another program's. */
const APPLICATION_ID = 0x54525654;
/** How long a start waits for a predecessor that is still closing the file. */
const BUSY_TIMEOUT_MS = 5_000;
/** SQLite's primary result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/**
 * - EXCLUSIVE: one writer. A second aggregator on the same folder fails at once; the kernel frees the lock if we are killed.
 * - FULL: in WAL mode, NORMAL syncs at checkpoints only, so a power cut could lose commits whose events the agents have
 *   already deleted on our word. FULL syncs the log at every commit; group commit pays for it once for many agents.
 * - journal_size_limit: gives the disk back after a burst.
 */
const PRAGMAS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA journal_size_limit = 67108864;
`;

export interface OpenDatabase {
  readonly db: Kysely<Database>;
  /** Database and its log, in bytes. */
  sizeBytes(): number;
  /** Moves the log into the file and closes it. */
  close(): Promise<void>;
}

/** Opens or makes the file at `path` and brings its schema up to date. */
export async function openSqlite(path: string, busyTimeoutMs = BUSY_TIMEOUT_MS): Promise<OpenDatabase> {
  const file = explained(path, () => openFile(path, busyTimeoutMs));
  const db = new Kysely<Database>({ dialect: sqliteDialect(wrap(file, path)) });
  try {
    await migrate(db, path);
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    db,
    sizeBytes: () => [path, `${path}-wal`].reduce((total, name) => total + fileSize(name), 0),
    close: async () => {
      explained(path, () => file.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
      await db.destroy();
    },
  };
}

function openFile(path: string, busyTimeoutMs: number): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  refuseOtherFormat(path);
  const file = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    const owner = Number(file.prepare('PRAGMA application_id').get()?.['application_id'] ?? 0);
    const tables = Number(file.prepare('SELECT count(*) AS n FROM sqlite_master').get()?.['n'] ?? 0);
    if (owner !== APPLICATION_ID && (owner !== 0 || tables > 0)) {
      throw new TrivetError(
        'store.foreign',
        `${path} is the database of another program. Move it away, or point --dir at another folder.`,
      );
    }
    file.exec(PRAGMAS);
    file.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** SQLite would take a file shorter than its header for an empty database and write over it. */
function refuseOtherFormat(path: string): void {
  if (fileSize(path) === 0) return;
  const head = Buffer.alloc(16);
  const handle = openSync(path, 'r');
  try {
    readSync(handle, head, 0, head.length, 0);
  } finally {
    closeSync(handle);
  }
  if (head.toString('latin1') !== 'SQLite format 3\0') throw corrupt(path, 'it does not begin as a database does');
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function corrupt(path: string, detail: string, cause?: unknown): TrivetError {
  return new TrivetError(
    'store.corrupt',
    `${path} is damaged or is not a database: ${detail}. Restore a backup, or move ${path} and ${path}-wal away and ` +
      'start with a new one: agents send what they still hold, history and the state of passes are lost.',
    cause,
  );
}

/** Runs `work`; an SQLite error that has a known remedy leaves as one that names it. */
function explained<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TrivetError) throw error;
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : null;
    if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) throw corrupt(path, messageOf(error), error);
    if (code === SQLITE_BUSY) {
      throw new TrivetError(
        'store.in-use',
        `${path} is in use by another process. One aggregator owns a folder: stop the other, or give this one its own --dir.`,
        error,
      );
    }
    throw new TrivetError(
      'store.unusable',
      `${path}: ${messageOf(error)}. Check the disk's space and the rights.`,
      error,
    );
  }
}

/** What kysely's driver asks of a database. */
function wrap(file: DatabaseSync, path: string): SqliteDatabase {
  return {
    close: () => file.close(),
    prepare: (sql) => {
      // A full disk ends the transaction by itself; a rollback that then fails would hide why.
      const statement = sql === 'rollback' && !file.isTransaction ? 'SELECT 1' : sql;
      return wrapStatement(
        explained(path, () => file.prepare(statement)),
        path,
      );
    },
  };
}

function wrapStatement(statement: StatementSync, path: string): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => explained(path, () => statement.all(...parameters.map(toSql))),
    run: (parameters) => explained(path, () => statement.run(...parameters.map(toSql))),
    iterate: (parameters) => explained(path, () => statement.iterate(...parameters.map(toSql))),
  };
}

function toSql(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  throw new TypeError(`a ${typeof value} cannot be stored: make it text or a number first`);
}

/** SQLite's schema changes are transactional: a step that is killed half way leaves nothing behind. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function sqliteDialect(database: SqliteDatabase): Dialect {
  return {
    createAdapter: () => new TransactionalSqliteAdapter(),
    createDriver: () => new SqliteDriver({ database }),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
