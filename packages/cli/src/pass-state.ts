/** What passes from files leave to the next one: `state.json` beside their folders. It is never replaced by an empty one. */
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { EMPTY_STATE, type PassState } from '@trivet/aggregator/core/state.ts';
import { writeWhole } from '@trivet/aggregator/passes/folder.ts';
import { parseState } from '@trivet/aggregator/passes/schemas.ts';

export interface KeptState {
  readonly state: PassState;
  /** Throws when another pass has saved its own meanwhile. */
  save(next: PassState): Promise<void>;
}

/** Throws with how to mend it when the state cannot be read, or is gone although passes were run here. */
export async function openState(dir: string, cluster: string): Promise<KeptState> {
  const path = join(dir, cluster, 'state.json');
  const before = await unlessAbsent(readFile(path, 'utf8'));
  if (before === null) await mustBeFirst(dir, cluster, path);
  return {
    state: before === null ? EMPTY_STATE : parseState(before, path),
    save: async (next) => {
      if ((await unlessAbsent(readFile(path, 'utf8'))) !== before) {
        throw new Error(
          `${path} was changed while this pass ran: one pass at a time. That state is kept; run this pass again.`,
        );
      }
      await writeWhole(path, `${JSON.stringify(next)}\n`);
    },
  };
}

async function mustBeFirst(dir: string, cluster: string, path: string): Promise<void> {
  const latest = join(dir, cluster, 'latest');
  if ((await unlessAbsent(readlink(latest))) === null) return;
  throw new Error(
    `${path} is gone, but passes were run here: without it, what should be serving, holds and identities would be forgotten. ` +
      `Copy ${join(latest, 'observations', 'state.json')} to it, or begin anew with another --out.`,
  );
}

async function unlessAbsent(read: Promise<string>): Promise<string | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
