/** What may stand in a path or a query. Names come from closed alphabets, so none can leave the folder of passes. */
import { z } from 'zod';
import { NODE_NAME, NODE_NAME_RULE } from '@trivet/shared/protocol/limits.ts';
import { TrivetError } from '../errors.ts';

const node = z.string().regex(NODE_NAME, `is not a node name (${NODE_NAME_RULE})`);
const pass = z
  .string()
  .regex(/^(?:latest|previous|\d{8}T\d{9}Z)$/, 'is not a pass: latest, previous or an id such as 20261120T170000123Z');
const setPart = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'is not part of a set name: lower-case letters, digits and "-"');

export const nodeParams = z.strictObject({ node });
export const passParams = z.strictObject({ pass });
export const setParams = z.strictObject({ pass, group: setPart, name: setPart });
export const explainQuery = z.strictObject({ pass: pass.default('latest') });

const limit = z.coerce.number().int().min(1).max(1_000).default(100);
export const nodesQuery = z.strictObject({ limit, after: node.optional() });
export const eventsQuery = z.strictObject({
  limit,
  before: z.coerce.number().int().min(1).default(Number.MAX_SAFE_INTEGER),
});
export const passesQuery = z.strictObject({ limit });

/** The validated value, or a 400 that says which part is wrong and what it may be. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'query'}: ${issue.message}`);
  throw new TrivetError('request.invalid', problems.join('; '));
}
