/** What this aggregator is and how it is doing. */
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';

export function statusRoutes(server: FastifyInstance, context: ApiContext): void {
  server.get('/v1/status', async () => {
    const failure = context.passes.failure();
    const last = await context.store.lastPass(context.cluster);
    return {
      version: context.version,
      cluster: context.cluster,
      mode: 'observe',
      now: context.now().toISOString(),
      startedAt: context.startedAt.toISOString(),
      agentsConnected: [...context.receiver.connections()].length,
      nodesReported: context.latest.nodes().length,
      storeBytes: context.store.sizeBytes(),
      lastPass:
        last === null
          ? null
          : {
              id: last.id,
              finishedAt: last.finished_at,
              planned: last.planned,
              refused: last.refused,
              headroom: last.headroom,
            },
      passFailure: failure === null ? null : { at: failure.at.toISOString(), message: failure.message },
      legAgesSeconds: legAgesSeconds(context),
    };
  });
}

/** As old as they are now; null before the first pass of this process. */
function legAgesSeconds({ passes, now }: Pick<ApiContext, 'passes' | 'now'>): Record<string, number> | null {
  const last = passes.last();
  if (last === null) return null;
  const since = (now().getTime() - last.at.getTime()) / 1000;
  return Object.fromEntries(
    Object.entries(last.outcome.legAgesSeconds).map(([leg, age]) => [leg, Math.max(0, Math.round(age + since))]),
  );
}
