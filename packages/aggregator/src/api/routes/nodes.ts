/** What is known of each node: its newest report, its connection, the history of its findings and events. */
import type { FastifyInstance } from 'fastify';
import type { Latest } from '../../legs/telemetry/index.ts';
import { TrivetError } from '../../errors.ts';
import { explainNode, passFolder } from '../../passes/index.ts';
import type { ApiContext } from '../context.ts';
import { eventsQuery, explainQuery, nodeParams, nodesQuery, parse } from '../params.ts';
import { unknownPass } from './passes.ts';

/** A node with more findings in its history than these is read from the store by hand. */
const FINDINGS_SHOWN = 200;

export function nodeRoutes(server: FastifyInstance, context: ApiContext): void {
  server.get('/v1/nodes', async ({ query }) => nodePage(context, parse(nodesQuery, query)));
  server.get('/v1/nodes/:node', async ({ params }) => nodeDetail(context, parse(nodeParams, params).node));
  server.get('/v1/nodes/:node/events', async ({ params, query }) => {
    const { node } = parse(nodeParams, params);
    const page = parse(eventsQuery, query);
    await mustKnow(context, node);
    const events = await context.store.events(node, page);
    return { node, events, before: events.length < page.limit ? null : (events.at(-1)?.id ?? null) };
  });
  server.get('/v1/nodes/:node/explain', async ({ params, query }) => {
    const { node } = parse(nodeParams, params);
    const { pass } = parse(explainQuery, query);
    const folder = await passFolder(context.passesDir, context.cluster, pass);
    if (folder === null) throw unknownPass(context, pass);
    const explanation = await explainNode(folder, node);
    if (explanation === null) throw unknownNode(node, `pass ${pass}`);
    return explanation;
  });
}

function nodePage(
  context: ApiContext,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
) {
  const all = context.latest.nodes();
  const from = after === undefined ? 0 : firstAfter(all, after);
  const names = all.slice(from, from + limit);
  const nodes = names.flatMap((name) => {
    const latest = context.latest.get(name);
    return latest === undefined ? [] : [summaryOf(context, latest)];
  });
  return { total: all.length, nodes, after: from + limit < all.length ? (names.at(-1) ?? null) : null };
}

/** Index of the first name behind `name`, which itself need not be there. */
function firstAfter(sorted: readonly string[], name: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function summaryOf({ now, receiver }: ApiContext, { row, reportId }: Latest) {
  return {
    node: row.node,
    verdict: row.verdict,
    findings: row.findings.length,
    gpus: row.hardware.gpus.length,
    connected: receiver.connection(row.node) !== undefined,
    reportId,
    receivedAt: row.receivedAt,
    ageSeconds: Math.max(0, Math.round((now().getTime() - Date.parse(row.receivedAt)) / 1000)),
    agentVersion: row.versions.agent,
  };
}

async function nodeDetail(context: ApiContext, node: string) {
  const agent = await mustKnow(context, node);
  const latest = context.latest.get(node);
  const connection = context.receiver.connection(node);
  return {
    node,
    agent: {
      agentId: agent.agent_id,
      streamId: agent.stream_id,
      bootId: agent.boot_id,
      version: agent.version,
      connectedAt: agent.connected_at,
      connected: connection !== undefined,
      outboxDepth: connection?.beat?.outboxDepth ?? null,
      lost: connection?.beat?.lost ?? null,
      reportsDropped: connection?.beat?.reportsDropped ?? null,
    },
    summary: latest === undefined ? null : summaryOf(context, latest),
    telemetry: latest?.row ?? null,
    findings: await context.store.findings(node, FINDINGS_SHOWN),
  };
}

async function mustKnow(context: ApiContext, node: string) {
  const agent = await context.store.agent(node);
  if (agent === null) throw unknownNode(node, 'the store: no agent ever spoke for it');
  return agent;
}

function unknownNode(node: string, where: string): TrivetError {
  return new TrivetError(
    'node.unknown',
    `node ${node} is not known to ${where}. GET /v1/nodes lists those that report.`,
  );
}
