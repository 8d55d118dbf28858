/** What passes leave to the next one, and the head of each for history that outlives its folder. */
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { PassState } from '../core/state.ts';
import { TrivetError, messageOf } from '../errors.ts';
import type { PassOutcome } from '../passes/index.ts';
import { stateSchema } from '../passes/schemas.ts';
import type { Database, PassesTable } from './schema.ts';

/** Null before the first pass. A state that cannot be read is an error: an empty one would forget holds and what is expected. */
export async function loadPassState(db: Kysely<Database>, cluster: string): Promise<PassState | null> {
  const row = await db.selectFrom('pass_state').select('state').where('cluster', '=', cluster).executeTakeFirst();
  if (row === undefined) return null;
  try {
    return stateSchema.parse(JSON.parse(row.state));
  } catch (error) {
    throw unreadable(cluster, error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error), error);
  }
}

function unreadable(cluster: string, detail: string, cause: unknown): TrivetError {
  return new TrivetError(
    'store.corrupt',
    `pass state of cluster ${cluster} in the store cannot be read: ${detail}. Restore a backup of the database; ` +
      'without it holds and the expected set would be forgotten, so no pass runs.',
    cause,
  );
}

/** State and head in one transaction: after a kill the next pass begins from a state that belongs to a finished one. */
export async function savePass(db: Kysely<Database>, cluster: string, outcome: PassOutcome, at: string): Promise<void> {
  const saved = { saved_at: at, state: JSON.stringify(outcome.state) };
  const head = {
    finished_at: at,
    planned: outcome.planned,
    refused: outcome.setSizes['derived/refused'] ?? 0,
    headroom: outcome.headroom,
    duration_ms: Math.round(outcome.durationMs),
  };
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('pass_state')
      .values({ cluster, ...saved })
      .onConflict((conflict) => conflict.column('cluster').doUpdateSet(saved))
      .execute();
    await tx
      .insertInto('passes')
      .values({ cluster, id: outcome.id, ...head })
      .onConflict((conflict) => conflict.columns(['cluster', 'id']).doUpdateSet(head))
      .execute();
  });
}

export async function lastPass(db: Kysely<Database>, cluster: string): Promise<PassesTable | null> {
  const row = await db
    .selectFrom('passes')
    .selectAll()
    .where('cluster', '=', cluster)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}
