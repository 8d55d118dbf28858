/** Every route. A new one is a file and a line here. */
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { checkRoutes } from './checks.ts';
import { healthRoutes } from './health.ts';
import { nodeRoutes } from './nodes.ts';
import { pageRoutes } from './page.ts';
import { passRoutes } from './passes.ts';
import { statusRoutes } from './status.ts';

export const ROUTES: readonly ((server: FastifyInstance, context: ApiContext) => void)[] = [
  healthRoutes,
  statusRoutes,
  nodeRoutes,
  passRoutes,
  checkRoutes,
  pageRoutes,
];
