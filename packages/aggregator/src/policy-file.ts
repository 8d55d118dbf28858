/** policy.yaml → Policy for one cluster. Every number needs its `why`; what is not written keeps its default. */
import { stringify } from 'yaml';
import { z } from 'zod';
import { NODE_NAME, NODE_NAME_RULE } from '@trivet/shared/protocol/limits.ts';
import { DEFAULT_POLICY, type Limit, type Policy } from './core/policy.ts';
import { issueText, readDocument } from './legs/rows.ts';
import { domainKind } from './legs/schemas.ts';

const why = z.string('missing: say why, for whoever is paged').trim().min(1, 'empty: say why, for whoever is paged');
const count = z.int().min(0);
const seconds = z.int().min(1);
/** A name that no node can have would protect nobody, in silence. */
const nodeName = z.string().regex(NODE_NAME, `is not a node name (${NODE_NAME_RULE})`);

const limitSchema = z.union(
  [
    z
      .strictObject({
        percent: z.number().min(0).max(100),
        floor: count.default(0),
        ceiling: count.nullable().default(DEFAULT_POLICY.unavailable.ceiling),
        why,
      })
      .transform(({ percent, ...rest }): Limit => ({ percentBasisPoints: Math.round(percent * 100), ...rest })),
    z
      .strictObject({ max: count, why })
      .transform(({ max, why }): Limit => ({ percentBasisPoints: 10_000, floor: 0, ceiling: max, why })),
  ],
  'is neither { percent, floor, ceiling, why } nor { max, why }',
);

/** `why` may stand beside `unavailable`, once for the whole entry, as in `small: { unavailable: { … }, why: "…" }`. */
const entrySchema = z.preprocess(
  (value) => {
    if (typeof value !== 'object' || value === null || !('why' in value) || !('unavailable' in value)) return value;
    const { why: reason, unavailable, ...rest } = value;
    if (typeof unavailable !== 'object' || unavailable === null) return value;
    return { ...rest, unavailable: { why: reason, ...unavailable } };
  },
  z.strictObject({ archetype: z.string().optional(), unavailable: limitSchema.optional() }),
);

const policyFileSchema = z.strictObject({
  archetypes: z.record(z.string(), entrySchema).default({}),
  clusters: z.record(z.string(), entrySchema).default({}),
  domains: z.record(domainKind, z.strictObject({ max: count, why })).optional(),
  minimumHealthy: z.strictObject({ count, why }).optional(),
  protect: z.strictObject({ nodes: z.array(nodeName), why }).optional(),
  healthyDelay: z.strictObject({ seconds, why }).optional(),
  legMaxAge: z
    .strictObject({ inventorySeconds: seconds, telemetrySeconds: seconds, clusterSeconds: seconds, why })
    .optional(),
  reportInterval: z.strictObject({ seconds, why }).optional(),
});

export type PolicyRead =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly where: string; readonly message: string };

export async function readPolicy(path: string, cluster: string): Promise<PolicyRead> {
  const read = await readDocument(path);
  if (!read.ok) return { ok: false, where: read.error.where, message: read.error.message };
  const parsed = policyFileSchema.safeParse(read.document.value ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = (issue?.path ?? []).filter((key) => typeof key !== 'symbol');
    const message = `${at.join('.') || 'policy'}: ${issueText(issue)}`;
    return { ok: false, where: read.document.locate(at), message };
  }
  return policyOf(parsed.data, cluster, path);
}

function policyOf(file: z.infer<typeof policyFileSchema>, cluster: string, path: string): PolicyRead {
  const { archetypes, clusters, ...rest } = file;
  const entry = (Object.hasOwn(clusters, cluster) ? clusters[cluster] : undefined) ?? { archetype: 'default' };
  const named = entry.archetype ?? 'default';
  const archetype = Object.hasOwn(archetypes, named) ? archetypes[named] : undefined;
  if (archetype === undefined && entry.archetype !== undefined && named !== 'default') {
    return { ok: false, where: path, message: `clusters.${cluster}.archetype: there is no archetype ${named}` };
  }
  const unavailable = entry.unavailable ?? archetype?.unavailable ?? DEFAULT_POLICY.unavailable;
  return { ok: true, policy: { ...DEFAULT_POLICY, ...withoutAbsent(rest), unavailable } };
}

function withoutAbsent(rest: Omit<z.infer<typeof policyFileSchema>, 'archetypes' | 'clusters'>): Partial<Policy> {
  const { domains, ...others } = rest;
  const present = Object.entries(others).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(present), domains: { ...DEFAULT_POLICY.domains, ...domains } };
}

/** The file that gives this policy to this cluster: what a pass keeps, so that it can be decided again. */
export function printPolicy(policy: Policy, cluster: string): string {
  const { unavailable, ...rest } = policy;
  const { percentBasisPoints, ...limit } = unavailable;
  return stringify({
    clusters: { [cluster]: { unavailable: { percent: percentBasisPoints / 100, ...limit } } },
    ...rest,
  });
}
