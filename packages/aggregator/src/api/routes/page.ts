/** `/`: the last pass on one plain page, for whoever has no command line at hand. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { readPass, readSet, type PassDetail } from '../../passes/index.ts';
import type { ApiContext } from '../context.ts';
import { renderPage, type PageContent } from '../page.ts';

/** Disjoint, and with the plan all that the budget counts. */
const USERS = ['derived/out-of-service', 'derived/doubtful'];

/** Of `pass.json`. A file that lacks them is shown without. */
const evidence = z.object({
  budget: z.object({ limit: z.number(), used: z.number(), why: z.string() }).nullable().catch(null),
  freshness: z
    .record(
      z.string(),
      z.object({
        observedAt: z.string(),
        ageSeconds: z.number().nullable(),
        complete: z.boolean(),
        rows: z.number(),
        errors: z.number(),
      }),
    )
    .catch({}),
});

export function pageRoutes(server: FastifyInstance, context: ApiContext): void {
  server.get('/', async (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    const detail = await readPass(context.passesDir, context.cluster, 'latest');
    const page = renderPage({
      nonce,
      cluster: context.cluster,
      now: context.now(),
      agentsConnected: [...context.receiver.connections()].length,
      nodesReported: context.latest.nodes().length,
      failure: context.passes.failure(),
      detail,
      ...(await evidenceOf(context, detail)),
    });
    return reply
      .header(
        'content-security-policy',
        `default-src 'none'; style-src 'nonce-${nonce}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
      )
      .type('text/html; charset=utf-8')
      .send(page);
  });
}

async function evidenceOf(
  { passesDir, cluster }: ApiContext,
  detail: PassDetail | null,
): Promise<Pick<PageContent, 'budget' | 'users' | 'legs'>> {
  if (detail === null) return { budget: null, users: {}, legs: {} };
  const { budget, freshness } = evidence.parse(detail.pass);
  const { id } = detail.head;
  const users = USERS.map(async (set) => [set, (await readSet(passesDir, cluster, id, set)) ?? []] as const);
  const legs = Object.entries(freshness).map(([leg, { observedAt, ageSeconds, ...state }]) => {
    const wasRead = Date.parse(observedAt) > 0;
    return [leg, { ...state, ageSeconds: wasRead ? ageSeconds : null }] as const;
  });
  return { budget, users: Object.fromEntries(await Promise.all(users)), legs: Object.fromEntries(legs) };
}
