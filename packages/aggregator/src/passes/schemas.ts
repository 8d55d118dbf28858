/** What pass folders and the API give back, for whoever reads it: parsed, because files are edited and servers differ. */
import { z } from 'zod';
import { ACTIONS, URGENCIES } from '@trivet/shared/model/finding.ts';
import { MODES, REFUSAL_CODES, type Plan, type Refusal } from '@trivet/shared/model/plan.ts';
import { NODE_NAME } from '@trivet/shared/protocol/limits.ts';
import { hardware } from '@trivet/shared/protocol/report-schema.ts';
import type { PassState } from '../core/state.ts';
import type { Explanation } from './explain.ts';
import type { PassHead } from './read.ts';

const time = z.iso.datetime({ offset: true });
const code = z.enum(REFUSAL_CODES);

const step = z.object({
  order: z.int().min(1),
  node: z.string(),
  kind: z.literal('drain'),
  action: z.enum(ACTIONS),
  urgency: z.enum(URGENCIES),
  findings: z.array(z.string()),
  why: z.string(),
  expected: z.object({
    uid: z.string().nullable(),
    bootId: z.string().nullable(),
    serial: z.string().nullable(),
    gpuUuids: z.array(z.string()),
  }),
});

export const planSchema: z.ZodType<Plan> = z.object({
  cluster: z.string(),
  pass: z.string(),
  mode: z.enum(MODES),
  seed: z.string(),
  createdAt: time,
  steps: z.array(step),
  withheld: z.array(z.object({ code, text: z.string() })),
});

export const refusalSchema: z.ZodType<Refusal> = z.object({
  node: z.string(),
  code,
  limit: z.number().nullable(),
  current: z.number().nullable(),
  needed: z.number().nullable(),
  users: z.array(z.string()),
  text: z.string(),
});

export const headSchema: z.ZodType<PassHead> = z.object({
  id: z.string(),
  cluster: z.string(),
  mode: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  outcome: z.string(),
  planned: z.number(),
  suspects: z.number(),
  refused: z.number(),
});

export const explanationSchema: z.ZodType<Explanation> = z.object({
  node: z.string(),
  pass: z.string(),
  answer: z.string(),
  facts: z.record(z.string(), z.string()),
  sets: z.array(z.string()),
  step: step.nullable(),
  refusals: z.array(refusalSchema),
  legs: z.array(z.object({ leg: z.string(), ageSeconds: z.number().nullable(), row: z.unknown() })),
});

/** The names become lines of set files and keys of records. */
const node = z.string().regex(NODE_NAME, 'is not a node name');

export const stateSchema: z.ZodType<PassState> = z.strictObject({
  version: z.literal(1),
  expected: z.array(node),
  inventoryHighWater: z.int().min(0),
  places: z.record(node, z.object({ pool: z.string().nullable(), domains: z.record(z.string(), z.string()) })),
  protectedCounts: z.strictObject({ inventory: z.int().min(0), cluster: z.int().min(0) }),
  healthySince: z.record(node, time),
  identities: z.record(node, hardware),
  holds: z.record(
    node,
    z.object({
      kind: z.enum(['taken-over', 'cooling-down', 'command', 'blocked']),
      by: z.string(),
      why: z.string(),
      until: time.nullable(),
    }),
  ),
  inFlight: z.record(node, z.object({ operation: z.string(), since: time })),
  lemons: z.array(node),
  suspectSince: z.record(node, time),
  cordons: z.array(z.object({ node, serial: z.string().nullable(), at: time })),
});

/** The state that earlier passes left. Throws with what, where and how to mend it: a decision rests on it. */
export function parseState(text: string, path: string): PassState {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(
      `${path} is not the state of earlier passes: ${what}. Restore it from a copy; removing it forgets what should be serving.`,
      { cause: error },
    );
  }
}
