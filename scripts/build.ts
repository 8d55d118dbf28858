/**
 * `npm run build`: one folder of JavaScript a program under dist/, with nothing to install beside it. Split into chunks,
 * so that what is loaded on demand (an adapter, a command) stays out of memory until then.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** CommonJS dependencies call `require` for Node's own modules; an ES module has none unless it makes one. */
const REQUIRE_BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Node's own modules by `require`. An `import` of one asks it for everything it exports, and some of that is made when it is
 * asked for: `node:http` alone then loads a whole HTTP client, `node:fs` its promises and with them readline.
 */
const BUILT_INS_BY_REQUIRE: Plugin = {
  name: 'built-ins by require',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'built-in' } : { path, external: true },
    );
    onLoad({ filter: /^node:/, namespace: 'built-in' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

const PROGRAMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  agent: { 'trivet-agent': 'packages/agent/src/launch.ts' },
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
  plugins: [BUILT_INS_BY_REQUIRE],
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
