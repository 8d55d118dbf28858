/** Holds the house's rules by reading import lines: which way imports point, what is pure, how long a file may be. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const packages = join(root, 'packages');

interface Source {
  readonly path: string;
  readonly lines: readonly string[];
  readonly imports: readonly string[];
}

function sources(): Source[] {
  return readdirSync(packages, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
    .map((entry) => {
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      const imports = [...text.matchAll(/(?:^import\b[^'"]*|^export\b[^'"]*\bfrom\s*|\bimport\()['"]([^'"]+)['"]/gm)];
      return {
        path: relative(packages, join(entry.parentPath, entry.name)),
        lines: text.split('\n'),
        imports: imports.map((match) => match[1] ?? ''),
      };
    });
}

const all = sources();
const code = all.filter(({ path }) => !path.endsWith('.test.ts'));

/** package → packages it may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  agent: ['shared'],
  aggregator: ['shared'],
  simulator: ['shared', 'agent', 'aggregator'],
  cli: ['shared', 'agent', 'aggregator', 'simulator'],
};

const PURE = [/^shared\/src\/(model|health)\//, /^agent\/src\/checks\//, /^aggregator\/src\/(core|safety)\//];
const IMPURE_CALL = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bperformance\.now\(|\bcrypto\./;

describe('architecture', () => {
  it('finds the sources', () => {
    expect(code.length).toBeGreaterThan(20);
  });

  it('imports of packages point one way', () => {
    const wrong = code.flatMap(({ path, imports }) => {
      const own = path.split('/')[0] ?? '';
      return imports
        .map((name) => /^@trivet\/([^/]+)/.exec(name)?.[1])
        .filter((name) => name !== undefined && name !== own && !MAY_IMPORT[own]?.includes(name))
        .map((name) => `${path} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('pure folders neither import the machine nor read a clock', () => {
    const wrong = code
      .filter(({ path }) => PURE.some((pattern) => pattern.test(path)))
      .flatMap(({ path, imports, lines }) => [
        ...imports
          .filter((name) => !name.startsWith('./') && !name.startsWith('../') && !name.startsWith('@trivet/shared/'))
          .map((name) => `${path} imports ${name}`),
        ...lines.filter((line) => IMPURE_CALL.test(line)).map((line) => `${path}: ${line.trim()}`),
      ]);
    expect(wrong).toEqual([]);
  });

  it('core and safety import only core, safety and the shared model and health', () => {
    const wrong = code
      .filter(({ path }) => /^aggregator\/src\/(core|safety)\//.test(path))
      .flatMap(({ path, imports }) =>
        imports
          .filter((name) => !/^\.\/|^\.\.\/(core|safety)\/|^@trivet\/shared\/(model|health)\//.test(name))
          .map((name) => `${path} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it('safety does not import the planner', () => {
    const planner =
      /core\/(advance|derive|identity|limits|node-set|plan|recipes|reconcile|refuse|select|withhold)\.ts$/;
    const wrong = code
      .filter(({ path }) => path.startsWith('aggregator/src/safety/'))
      .flatMap(({ path, imports }) => imports.filter((name) => planner.test(name)).map((name) => `${path}: ${name}`));
    expect(wrong).toEqual([]);
  });

  it('the agent daemon loads no validator and no web framework', () => {
    const heavy = /^(zod|fastify|kysely|prom-client|pino)$|protocol\/schema\.ts$/;
    const wrong = code
      .filter(({ path }) => path.startsWith('agent/src/'))
      .flatMap(({ path, imports }) => imports.filter((name) => heavy.test(name)).map((name) => `${path}: ${name}`));
    expect(wrong).toEqual([]);
  });

  it('only os/ of the agent touches processes and the file system (the outbox keeps its own files)', () => {
    const machine = /^node:(fs|child_process|fs\/promises)$/;
    const wrong = code
      .filter(({ path }) => /^agent\/src\/(collectors|checks|outputs)\//.test(path))
      .flatMap(({ path, imports }) => imports.filter((name) => machine.test(name)).map((name) => `${path}: ${name}`));
    expect(wrong).toEqual([]);
  });

  it('no source file is longer than 300 lines, data in catalogue/ apart', () => {
    const long = all
      .filter(({ path, lines }) => path.includes('/src/') && !path.includes('/catalogue/') && lines.length > 301)
      .map(({ path, lines }) => `${path}: ${lines.length}`);
    expect(long).toEqual([]);
  });
});
