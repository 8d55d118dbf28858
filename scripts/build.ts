/**
 * `npm run build`: one folder of JavaScript a program under dist/, with nothing to install beside it. Split into chunks,
 * so that what is loaded on demand (an adapter, a command) stays out of memory until then.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** CommonJS dependencies call `require` for Node's own modules; an ES module has none unless it makes one. */
const REQUIRE_BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const PROGRAMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  agent: { 'trivet-agent': 'packages/agent/src/main.ts' },
  aggregator: { 'trivet-aggregator': 'packages/aggregator/src/main.ts' },
  cli: { trivet: 'packages/cli/src/main.ts' },
};

const options: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  banner: { js: REQUIRE_BANNER },
  legalComments: 'linked',
  metafile: true,
  logLevel: 'warning',
};

for (const [name, entryPoints] of Object.entries(PROGRAMS)) {
  const outdir = join('dist', name);
  await rm(join(root, outdir), { recursive: true, force: true });
  const { metafile } = await build({ ...options, entryPoints, outdir });
  const outputs = Object.entries(metafile?.outputs ?? {}).filter(([path]) => path.endsWith('.mjs'));
  const bytes = outputs.reduce((sum, [, output]) => sum + output.bytes, 0);
  console.log(`${outdir}: ${outputs.length} files, ${Math.round(bytes / 1024)} KiB`);
}
