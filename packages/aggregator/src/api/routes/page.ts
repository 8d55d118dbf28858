/** `/`: the last pass on one plain page, for whoever has no command line at hand. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { readPass } from '../../passes/index.ts';
import type { ApiContext } from '../context.ts';
import { renderPage } from '../page.ts';
import { legAgesSeconds } from './status.ts';

export function pageRoutes(server: FastifyInstance, context: ApiContext): void {
  server.get('/', async (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    const page = renderPage({
      nonce,
      cluster: context.cluster,
      now: context.now(),
      agentsConnected: [...context.receiver.connections()].length,
      nodesReported: context.latest.nodes().length,
      failure: context.passes.failure(),
      legAgesSeconds: legAgesSeconds(context),
      detail: await readPass(context.passesDir, context.cluster, 'latest'),
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
