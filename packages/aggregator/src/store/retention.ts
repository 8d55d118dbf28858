/**
 * What is deleted, and when: events by age and count, the history of findings and passes by age. In chunks, each its own
 * transaction, so that agents wait for an acknowledgement no longer than one chunk takes.
 */
import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

export interface Retention {
  readonly eventDays: number;
  /** Bounds the file whatever agents send: about 0.5 kB an event. */
  readonly eventsMax: number;
  /** Of findings and passes: a year and a month, so that last year's failures can be compared. */
  readonly historyDays: number;
}

export const DEFAULT_RETENTION: Retention = { eventDays: 30, eventsMax: 5_000_000, historyDays: 400 };

const CHUNK = 5_000;
const DAY_MS = 86_400_000;

export interface Pruned {
  readonly events: number;
  readonly findings: number;
  readonly passes: number;
}

export async function prune(db: Kysely<Database>, retention: Retention, now: Date): Promise<Pruned> {
  const before = (days: number) => new Date(now.getTime() - days * DAY_MS).toISOString();
  return {
    events: await pruneEvents(db, retention.eventsMax, before(retention.eventDays)),
    findings: await pruneFindings(db, before(retention.historyDays)),
    passes: await prunePasses(db, before(retention.historyDays)),
  };
}

/** Ids rise with arrival, so both limits are one id below which everything goes. */
async function pruneEvents(db: Kysely<Database>, keep: number, before: string): Promise<number> {
  const { first, last } = await db
    .selectFrom('events')
    .select(({ fn }) => [fn.min('id').as('first'), fn.max('id').as('last')])
    .executeTakeFirstOrThrow();
  if (first === null || last === null) return 0;
  // The newest is always kept: ids go on from it after a restart.
  const end = Math.min(Number(last), Math.max(Number(last) - keep + 1, await firstIdSince(db, before, Number(last))));
  let deleted = 0;
  for (let id = Number(first); id < end; id += CHUNK) {
    const result = await db
      .deleteFrom('events')
      .where('id', '<', Math.min(id + CHUNK, end))
      .executeTakeFirstOrThrow();
    deleted += Number(result.numDeletedRows);
    await breathe();
  }
  return deleted;
}

/** Lowest id received at `since` or later. Walks from the old end in steps, so that no index on time is needed. */
async function firstIdSince(db: Kysely<Database>, since: string, last: number): Promise<number> {
  let after = -1;
  for (;;) {
    const rows = await db
      .selectFrom('events')
      .select(['id', 'received_at'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(CHUNK)
      .execute();
    const found = rows.find(({ received_at }) => received_at >= since);
    if (found !== undefined) return found.id;
    after = rows.at(-1)?.id ?? last;
    if (rows.length < CHUNK) return last;
    await breathe();
  }
}

async function pruneFindings(db: Kysely<Database>, before: string): Promise<number> {
  let deleted = 0;
  for (;;) {
    const old = await db
      .selectFrom('findings')
      .select(['node', 'last_asserted_at'])
      .where('last_asserted_at', '<', before)
      .orderBy('last_asserted_at')
      .limit(CHUNK)
      .execute();
    const newest = old.at(-1)?.last_asserted_at;
    if (newest === undefined) return deleted;
    const result = await db.deleteFrom('findings').where('last_asserted_at', '<=', newest).executeTakeFirstOrThrow();
    deleted += Number(result.numDeletedRows);
    await breathe();
  }
}

/** One a minute at most: a year of them is small enough for one statement. */
async function prunePasses(db: Kysely<Database>, before: string): Promise<number> {
  const result = await db.deleteFrom('passes').where('finished_at', '<', before).executeTakeFirstOrThrow();
  return Number(result.numDeletedRows);
}

/** Lets waiting connections be read before the next chunk. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
