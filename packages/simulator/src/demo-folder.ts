/**
 * Where a demo keeps its state. A world begins at the same instant every time, so a folder with an older demo's passes and
 * store in it would contradict the new one: it is emptied first, and only when a mark says that a demo made it.
 */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const MARK = 'trivet-demo.json';
/** No process has this number. */
const NOBODY = 0;

export function defaultDemoFolder(env: NodeJS.ProcessEnv): string {
  const state = env['XDG_STATE_HOME'];
  return join(state === undefined || state === '' ? join(homedir(), '.local', 'state') : state, 'trivet', 'demo');
}

/** Makes the folder, or empties that of an earlier demo. Its answer says why it cannot be used; null: ready. */
export async function claimDemoFolder(dir: string, pid: number): Promise<string | null> {
  await mkdir(dir, { recursive: true });
  const entries = await readdir(dir);
  const owner = entries.includes(MARK) ? await ownerOf(join(dir, MARK)) : null;
  if (entries.length > 0 && owner === null) {
    return `${dir} holds files that no demo made: give an empty folder, or one that does not exist, with --dir`;
  }
  if (owner !== null && owner !== NOBODY && owner !== pid && isAlive(owner)) {
    return `another demo (process ${owner}) is using ${dir}: stop it, or give another folder with --dir`;
  }
  for (const entry of entries) {
    if (entry !== MARK) await rm(join(dir, entry), { recursive: true, force: true });
  }
  await writeMark(dir, pid);
  return null;
}

/** Says that nobody uses it any more: a process number is given to somebody else one day. */
export async function releaseDemoFolder(dir: string): Promise<void> {
  await writeMark(dir, NOBODY);
}

async function writeMark(dir: string, pid: number): Promise<void> {
  await writeFile(join(dir, MARK), `${JSON.stringify({ pid })}\n`);
}

/** Null for a mark that cannot be read: then the folder is nobody's to empty. */
async function ownerOf(path: string): Promise<number | null> {
  try {
    const mark: unknown = JSON.parse(await readFile(path, 'utf8'));
    const pid = typeof mark === 'object' && mark !== null && 'pid' in mark ? mark.pid : null;
    return typeof pid === 'number' && Number.isSafeInteger(pid) && pid >= NOBODY ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
