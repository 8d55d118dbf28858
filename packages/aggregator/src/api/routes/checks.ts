/** `POST /v1/checks/run`: one named check on many nodes, now. The only route that makes anybody work. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { CHECK_NAME, CHECK_NAME_RULE } from '@trivet/shared/protocol/limits.ts';
import { ASK_TIMEOUT_MAX_MS, ASK_TIMEOUT_MIN_MS } from '../../legs/telemetry/index.ts';
import { admit } from '../admit.ts';
import { CONCURRENCY_DEFAULT, CONCURRENCY_MAX } from '../check-runs.ts';
import { targetNodes, targetsOf } from '../check-targets.ts';
import type { ApiContext } from '../context.ts';
import { parse } from '../params.ts';

/** NODES_NAMED_MAX of the longest names, quoted, with commas. */
const BODY_MAX_BYTES = 2 * 1024 * 1024;
/** As long as one run of a check may take on a node by default (`siteCheckTimeoutMs`), and the way there and back. */
const TIMEOUT_MS = 35_000;

const body = z.strictObject({
  check: z.string().regex(CHECK_NAME, `is not the name of a check: ${CHECK_NAME_RULE}`),
  nodes: targetNodes,
  timeoutMs: z.int().min(ASK_TIMEOUT_MIN_MS).max(ASK_TIMEOUT_MAX_MS).default(TIMEOUT_MS),
  concurrency: z.int().min(1).max(CONCURRENCY_MAX).default(CONCURRENCY_DEFAULT),
});

export function checkRoutes(server: FastifyInstance, context: ApiContext): void {
  const { apiToken, checkRuns } = context;
  server.post(
    '/v1/checks/run',
    {
      bodyLimit: BODY_MAX_BYTES,
      // Before the body is read: who may not ask sends us nothing to parse.
      onRequest: async ({ raw }) => void admit(raw, apiToken),
    },
    async (request, reply) => {
      const { nodes, ...asked } = parse(body, request.body);
      const targets = await targetsOf(context, nodes);
      const by = { admission: admit(request.raw, apiToken), peer: request.raw.socket.remoteAddress ?? '' };
      return reply.type('application/x-ndjson').send(checkRuns.start({ ...asked, targets, by }));
    },
  );
}
