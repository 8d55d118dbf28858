import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from './core/policy.ts';
import { printPolicy, readPolicy } from './policy-file.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trivet-policy-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function read(text: string, cluster = 'sjc') {
  const path = join(dir, 'policy.yaml');
  await writeFile(path, text);
  return readPolicy(path, cluster);
}

const EXAMPLE = `
archetypes:
  default: { unavailable: { percent: 6, floor: 1, ceiling: 40 }, why: "usual" }
  small:   { unavailable: { percent: 2.5, floor: 1, ceiling: 2 }, why: "few nodes" }
clusters:
  sjc:     { archetype: small }
  oddball: { unavailable: { max: 1 }, why: "nothing fits" }
domains:
  rack: { max: 3, why: "two feeds" }
`;

describe('policy.yaml', () => {
  it('gives each cluster its archetype, its own limit or the default', async () => {
    expect(await read(EXAMPLE)).toMatchObject({
      policy: {
        unavailable: { percentBasisPoints: 250, floor: 1, ceiling: 2, why: 'few nodes' },
        domains: { rack: { max: 3 } },
      },
    });
    expect(await read(EXAMPLE, 'oddball')).toMatchObject({
      policy: { unavailable: { ceiling: 1, why: 'nothing fits' } },
    });
    expect(await read(EXAMPLE, 'other')).toMatchObject({
      policy: { unavailable: { percentBasisPoints: 600, why: 'usual' } },
    });
  });

  it('prints any policy so that it is read back the same', async () => {
    for (const cluster of ['sjc', 'oddball']) {
      const first = await read(EXAMPLE, cluster);
      if (!first.ok) throw new Error(first.message);
      expect(await read(printPolicy(first.policy, cluster), cluster)).toEqual(first);
    }
    expect(await read(printPolicy(DEFAULT_POLICY, 'sjc'))).toEqual({ ok: true, policy: DEFAULT_POLICY });
  });

  it('keeps defaults for what is not written', async () => {
    expect(await read('{}')).toEqual({ ok: true, policy: DEFAULT_POLICY });
  });

  it('keeps the default of a domain kind, and the ceiling, that it does not mention', async () => {
    const domains = 'domains: { power: { max: 9, why: x } }';
    expect(await read(domains)).toMatchObject({
      policy: { domains: { ...DEFAULT_POLICY.domains, power: { max: 9 } } },
    });
    expect(await read('archetypes: { default: { unavailable: { percent: 20, why: x } } }')).toMatchObject({
      policy: { unavailable: { ceiling: DEFAULT_POLICY.unavailable.ceiling } },
    });
  });

  it.each([
    ['a protected node that no node can be', 'protect: { nodes: [GPU-7], why: x }', 'is not a node name'],
    ['a number without why', 'minimumHealthy: { count: 3 }', 'minimumHealthy.why: missing: say why'],
    ['an empty why', 'minimumHealthy: { count: 3, why: "  " }', 'minimumHealthy.why: empty: say why'],
    ['a misspelt key', 'minimumHealty: { count: 3, why: x }', 'minimumHealty'],
    [
      'a percentage above 100',
      'archetypes: { default: { unavailable: { percent: 600, why: x } } }',
      'archetypes.default.unavailable',
    ],
    ['an archetype that is not there', 'clusters: { sjc: { archetype: huge } }', 'there is no archetype huge'],
    ['an archetype with an odd name', 'clusters: { sjc: { archetype: constructor } }', 'no archetype constructor'],
    ['a domain kind that is no word', 'domains: { Row: { max: 1, why: x } }', 'Row'],
  ])('refuses %s, with its place', async (_name, text, message) => {
    const result = await read(text);
    expect(result.ok).toBe(false);
    expect(result).toHaveProperty('message', expect.stringContaining(message));
    expect(result).toHaveProperty('where', expect.stringContaining('policy.yaml'));
  });
});
