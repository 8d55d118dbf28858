/**
 * Which pass folders stay: the newest ones, up to a count and a size. A pass of 64 nodes is half a megabyte and one is made
 * each minute: without an end they would fill the disk on which the store lies.
 */
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PASS_ID } from './folder.ts';

export interface PassRetention {
  readonly passesMax: number;
  readonly passBytesMax: number;
}

/** A week of one a minute, while it fits. */
export const DEFAULT_PASS_RETENTION: PassRetention = { passesMax: 10_080, passBytesMax: 4e9 };

/** What `latest` and `previous` point to stays, however large. */
const KEPT_ALWAYS = 2;

/** A function that removes what is too much and answers how many folders that were. It remembers sizes: folders do not change. */
export function passKeeper(folder: string, { passesMax, passBytesMax }: PassRetention): () => Promise<number> {
  const sizes = new Map<string, number>();
  return async () => {
    const ids = (await namesIn(folder))
      .filter((name) => PASS_ID.test(name))
      .toSorted()
      .toReversed();
    let bytes = 0;
    let removed = 0;
    for (const [index, id] of ids.entries()) {
      const size = sizes.get(id) ?? (await sizeOf(join(folder, id)));
      sizes.set(id, size);
      bytes += size;
      if (index < KEPT_ALWAYS || (index < passesMax && bytes <= passBytesMax)) continue;
      await rm(join(folder, id), { recursive: true, force: true });
      sizes.delete(id);
      bytes -= size;
      removed += 1;
    }
    return removed;
  };
}

/** None before the first pass. */
async function namesIn(folder: string): Promise<string[]> {
  return existsSync(folder) ? await readdir(folder) : [];
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}
