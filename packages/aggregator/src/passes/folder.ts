/**
 * Where passes live on disk, and how a file gets there: written under a temporary name and renamed, so that whatever is
 * found after a stop at any instant is whole. `<dir>/<cluster>/<pass id>/`, with links `latest` and `previous`.
 */
import { mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** `20261120T170000123Z`: sorts by time, and is a file name everywhere. */
export function passIdOf(at: Date): string {
  return at.toISOString().replaceAll(/[-:.]/g, '');
}

export const PASS_ID = /^\d{8}T\d{9}Z$/;
/** Names of clusters are part of a path. */
export const CLUSTER_NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

/** A new folder for a pass of this cluster; the id is moved on by a millisecond while it is taken. */
export async function createPassFolder(
  dir: string,
  cluster: string,
  at: Date,
): Promise<{ id: string; folder: string }> {
  if (!CLUSTER_NAME.test(cluster)) throw new Error(`cluster name ${JSON.stringify(cluster)} is not a DNS name`);
  await mkdir(join(dir, cluster), { recursive: true });
  for (let bump = 0; bump < 1000; bump++) {
    const id = passIdOf(new Date(at.getTime() + bump));
    const folder = join(dir, cluster, id);
    if (await isNew(folder)) return { id, folder };
  }
  throw new Error(`${join(dir, cluster)} holds a pass for every millisecond of the second from ${at.toISOString()}`);
}

async function isNew(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${process.pid}.${path.split('/').at(-1) ?? ''}`);
  await mkdir(dirname(path), { recursive: true });
  // A new file of our own: a link that somebody left under this name would be written through.
  await rm(temporary, { force: true });
  await writeFile(temporary, text, { flag: 'wx' });
  await rename(temporary, path);
}

/** `latest` moves to this pass, `previous` to the one it pointed at. */
export async function moveLinks(dir: string, cluster: string, id: string): Promise<void> {
  const latest = join(dir, cluster, 'latest');
  const before = await readlink(latest).catch(() => null);
  if (before !== null && before !== id) await replaceLink(join(dir, cluster, 'previous'), before);
  await replaceLink(latest, id);
}

async function replaceLink(path: string, target: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  await rename(temporary, path);
}
