/** For probes and Prometheus. Ready means that the store answers; an old pass is a metric, not a reason to lose agents. */
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';

export function healthRoutes(server: FastifyInstance, { cluster, metrics, store }: ApiContext): void {
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    try {
      await store.lastPass(cluster);
      return { status: 'ready' };
    } catch {
      return reply.status(503).send({ status: 'store does not answer' });
    }
  });
  server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}
