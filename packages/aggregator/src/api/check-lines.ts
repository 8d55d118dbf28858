/**
 * What `POST /v1/checks/run` answers: one JSON object a line, as nodes answer. A first line says how many nodes were meant, a
 * last one sums up; without it the answer was cut short. The command line reads them by these shapes.
 */
import { z } from 'zod';

const count = z.int().min(0);
const state = z.enum(['ok', 'failed', 'unknown']);

export const checkLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begun'), check: z.string(), nodes: count }),
  z.object({ kind: z.literal('result'), node: z.string(), state, text: z.string(), ms: z.number().min(0) }),
  z.object({
    kind: z.literal('summary'),
    ok: count,
    failed: count,
    unknown: count,
    /** Nodes that were not asked any more, because the run took too long. */
    notAsked: count,
    ms: z.number().min(0),
  }),
]);
export type CheckLine = z.infer<typeof checkLine>;
export type CheckResultLine = Extract<CheckLine, { kind: 'result' }>;
export type CheckSummaryLine = Extract<CheckLine, { kind: 'summary' }>;
