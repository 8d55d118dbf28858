/** Runs demo passes inside the test's process, and reads what they left on disk. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { claimDemoFolder } from '@trivet/simulator/demo-folder.ts';
import { DEMO_CLUSTER, startDemo, type DemoOptions } from '@trivet/simulator/demo.ts';

export interface DemoRun {
  readonly dir: string;
  /** Folders of its passes, oldest first. */
  readonly folders: readonly string[];
  remove(): void;
}

export type DemoRunOptions = Pick<DemoOptions, 'nodes' | 'seed'> & Partial<DemoOptions> & { readonly passes: number };

export async function runDemo({ passes, ...over }: DemoRunOptions): Promise<DemoRun> {
  const dir = mkdtempSync(join(tmpdir(), 'trivet-demo-'));
  await claimDemoFolder(dir, process.pid);
  const folders: string[] = [];
  const signal = new AbortController().signal;
  const demo = await startDemo({ dir, port: 0, realAgents: true, progress: () => undefined, signal, ...over });
  try {
    for (let pass = 0; pass < passes; pass += 1) folders.push((await demo.nextPass()).folder);
  } finally {
    await demo.stop();
  }
  return { dir, folders, remove: () => rmSync(dir, { recursive: true }) };
}

/** Every set of every pass: `<pass id>/sets/<group>/<name>` → its bytes. */
export function setsOf({ dir, folders }: DemoRun): ReadonlyMap<string, string> {
  const root = join(dir, 'passes', DEMO_CLUSTER);
  return new Map(
    folders.flatMap((folder) =>
      filesBelow(join(folder, 'sets')).map((path) => [relative(root, path), readFileSync(path, 'utf8')] as const),
    ),
  );
}

export function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
