/** Pass folders over HTTP: the same readers as `--pass DIR`, so that both say the same. */
import type { FastifyInstance } from 'fastify';
import { TrivetError } from '../../errors.ts';
import { listPasses, readPass, readSet, type PassDetail } from '../../passes/index.ts';
import type { ApiContext } from '../context.ts';
import { parse, passParams, passesQuery, setParams } from '../params.ts';

export function passRoutes(server: FastifyInstance, context: ApiContext): void {
  const detailOf = async (params: unknown) => mustRead(context, parse(passParams, params).pass);
  server.get('/v1/passes', async ({ query }) => {
    const { limit } = parse(passesQuery, query);
    return { passes: (await listPasses(context.passesDir, context.cluster)).slice(0, limit) };
  });
  server.get('/v1/passes/:pass', async ({ params }) => {
    const { head, pass, plan, sets } = await detailOf(params);
    return { head, pass, withheld: plan.withheld, sets };
  });
  server.get('/v1/passes/:pass/sets', async ({ params }) => {
    const { head, sets } = await detailOf(params);
    return { pass: head.id, sets };
  });
  server.get('/v1/passes/:pass/plan', async ({ params }) => (await detailOf(params)).plan);
  server.get('/v1/passes/:pass/refusals', async ({ params }) => {
    const { head, refusals } = await detailOf(params);
    return { pass: head.id, refusals };
  });
  server.get('/v1/passes/:pass/summary', async ({ params }, reply) =>
    reply.type('text/plain; charset=utf-8').send((await detailOf(params)).summary),
  );
  server.get('/v1/passes/:pass/sets/:group/:name', async ({ params }) => {
    const { pass, group, name } = parse(setParams, params);
    const { head } = await mustRead(context, pass);
    const set = `${group}/${name}`;
    const nodes = await readSet(context.passesDir, context.cluster, head.id, set);
    if (nodes !== null) return { pass: head.id, set, nodes };
    throw new TrivetError(
      'set.unknown',
      `pass ${head.id} has no set ${set}: GET /v1/passes/${head.id}/sets lists them`,
    );
  });
}

async function mustRead(context: ApiContext, pass: string): Promise<PassDetail> {
  const detail = await readPass(context.passesDir, context.cluster, pass);
  if (detail === null) throw unknownPass(context, pass);
  return detail;
}

export function unknownPass({ cluster }: ApiContext, pass: string): TrivetError {
  return new TrivetError('pass.unknown', `no finished pass ${pass} of ${cluster}: GET /v1/passes lists them`);
}
