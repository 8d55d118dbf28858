/**
 * The folder of site checks. What runs from it runs with the agent's rights, so nobody but root and the agent's own user may be
 * able to put something there or change it: not through the file, the folder, or a folder above it. Whatever may not be run is
 * listed with how to mend it, and never passed over in silence. The folder belongs on a local disk.
 */
import { constants } from 'node:fs';
import { access, lstat, opendir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CHECK_NAME, CHECK_NAME_RULE } from '@trivet/shared/protocol/limits.ts';
import { SITE_ENTRIES_MAX } from '@trivet/shared/model/site.ts';

export interface SiteFolder {
  readonly path: string;
  /** User ids that may own what is run. */
  readonly owners: readonly number[];
  /** Names that mean something else. */
  readonly reserved: readonly string[];
}

/** `refused`: why it may not be run, and how to mend it. */
export type SiteFile =
  | { readonly name: string; readonly path: string; readonly folder: string }
  | { readonly name: string; readonly refused: string };

export type SiteListing =
  /** `strays`: what lies there and has no name of a check, as text. */
  | { readonly state: 'ok'; readonly files: readonly SiteFile[]; readonly strays: readonly string[] }
  | { readonly state: 'unknown'; readonly reason: string };

/** root, and whoever we are. */
export function trustedOwners(): readonly number[] {
  return [0, process.getuid?.() ?? 0];
}

/** Sorted by name; hidden files are not looked at. Never rejects. */
export async function listSiteChecks(folder: SiteFolder): Promise<SiteListing> {
  try {
    const path = await safeFolder(folder);
    const names = await namesIn(path);
    const files = names.filter((name) => CHECK_NAME.test(name)).map((name) => inspect(folder, path, name));
    const strays = names
      .filter((name) => !CHECK_NAME.test(name))
      .map(
        (name) => `${JSON.stringify(name.slice(0, 64))} is not the name of a check: ${CHECK_NAME_RULE}, no extension`,
      );
    return { state: 'ok', files: await Promise.all(files), strays };
  } catch (error) {
    return { state: 'unknown', reason: messageOf(error) };
  }
}

/** The same of one file, again: for right before it is run. Never rejects. */
export async function inspectSiteCheck(folder: SiteFolder, name: string): Promise<SiteFile> {
  try {
    return await inspect(folder, await safeFolder(folder), name);
  } catch (error) {
    return { name, refused: messageOf(error) };
  }
}

async function namesIn(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of await opendir(path)) {
    if (name.startsWith('.')) continue;
    names.push(name);
    if (names.length > SITE_ENTRIES_MAX)
      throw new Error(`${path} holds more than ${SITE_ENTRIES_MAX} files: keep site checks in a folder of their own`);
  }
  return names.sort();
}

/** Its real path. Throws when somebody else could put a check there. */
async function safeFolder({ path, owners }: SiteFolder): Promise<string> {
  const real = await realpath(path);
  for (let above = real; ; above = dirname(above)) {
    const stats = await stat(above);
    if (!stats.isDirectory()) throw new Error(`${above} is no folder`);
    // In a folder with the sticky bit (/tmp) nobody can replace what belongs to another. It is no place for the checks themselves.
    const isSticky = above !== real && (stats.mode & STICKY) !== 0;
    const wrong = unsafe(above, stats, { owners, isSticky });
    if (wrong !== null) throw new Error(wrong);
    if (dirname(above) === above) return real;
  }
}

async function inspect({ owners, reserved }: SiteFolder, folder: string, name: string): Promise<SiteFile> {
  const path = join(folder, name);
  const refused = await refusalOf(path, owners).catch(messageOf);
  if (reserved.includes(name)) return { name, refused: `${path}: ${name} is built in: give the check another name` };
  return refused === null ? { name, path, folder } : { name, refused };
}

async function refusalOf(path: string, owners: readonly number[]): Promise<string | null> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return `${path} is a symbolic link: put the file itself there`;
  if (!stats.isFile()) return `${path} is no file: take it away`;
  const wrong = unsafe(path, stats, { owners, isSticky: false });
  if (wrong !== null) return wrong;
  try {
    await access(path, constants.X_OK);
    return null;
  } catch {
    return `${path} may not be executed: chmod 755 ${path}`;
  }
}

/** S_ISVTX of stat(2), which node:fs does not name. */
const STICKY = 0o1000;

interface Trust {
  readonly owners: readonly number[];
  readonly isSticky: boolean;
}

/** Null when only those who may can change it. */
function unsafe(path: string, stats: { uid: number; mode: number }, { owners, isSticky }: Trust): string | null {
  if (!owners.includes(stats.uid))
    return `${path} belongs to user ${stats.uid}, who could change what runs as the agent: chown root ${path}`;
  const isOpen = (stats.mode & (constants.S_IWGRP | constants.S_IWOTH)) !== 0;
  return isOpen && !isSticky
    ? `${path} may be written by others than its owner, who could change what runs as the agent: chmod go-w ${path}`
    : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
