/**
 * The HTTP server: limits, headers, one shape of error. Its routes read; one makes agents run a check (`routes/checks.ts`),
 * for those who may. No route changes a plan, a node or the store.
 */
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { TrivetError, messageOf } from '../errors.ts';
import type { ApiContext } from './context.ts';
import { ROUTES } from './routes/index.ts';

/** A request that only reads has no body; a slow or endless one is cut off. */
const BODY_MAX_BYTES = 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** RFC 1035's limit of a name. */
const PARAM_MAX = 253;

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export function createServer(context: ApiContext): FastifyInstance {
  const server = Fastify({
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: PARAM_MAX },
  });
  server.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS);
  });
  server.setNotFoundHandler(() => {
    throw new TrivetError('route.unknown', 'no such address: GET /v1/status says what this server is');
  });
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const known = error instanceof TrivetError ? error : asTrivetError(error);
    if (known.status >= 500) context.log.error('api.failed', { url: request.url, message: messageOf(error) });
    if (known.code === 'access.unauthorised') reply.header('www-authenticate', 'Bearer');
    return reply.status(known.status).send({ error: { code: known.code, message: known.message } });
  });
  for (const register of ROUTES) register(server, context);
  return server;
}

/** Fastify's own refusals are the client's; anything else is ours, and its text stays in the log. */
function asTrivetError(error: FastifyError): TrivetError {
  const { statusCode = 500 } = error;
  if (statusCode < 500) return new TrivetError('request.invalid', error.message, error);
  return new TrivetError('internal', 'the server failed; its log says why', error);
}
