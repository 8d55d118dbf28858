/**
 * The agent's local HTTP: read-only, on the loopback address unless configured otherwise. Nothing can be changed through it,
 * and nothing that is asked makes the node do more than render what is known already.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { CONTENT_TYPE } from '@trivet/shared/exposition/text.ts';
import type { Report } from '@trivet/shared/model/report.ts';
import { AgentError, errorText } from '../errors.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

export interface HttpView {
  /** In pieces. */
  readonly metrics: () => Iterable<string>;
  readonly readiness: () => Readiness;
  /** Null before the first. */
  readonly report: () => Report | null;
}

export interface LocalHttp {
  /** `http://127.0.0.1:9110`, with the port that was taken. */
  readonly address: string;
  close(): Promise<void>;
}

/** A scraper and a probe or two. */
const CONNECTIONS_MAX = 32;
const TIMEOUTS = { headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 60_000, maxHeaderSize: 8192 };

/** Throws `AgentError` `listen` when the address cannot be taken. */
export async function startHttp(listen: { host: string; port: number }, view: HttpView): Promise<LocalHttp> {
  const server = createServer(TIMEOUTS, (request, response) => {
    // Bodies are not read; one that comes all the same ends with its connection.
    answer(request, response, view);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listening(server, listen);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return { address: `http://${host}:${port}`, close: () => closed(server) };
}

function answer(request: IncomingMessage, response: ServerResponse, view: HttpView): void {
  if (request.method !== 'GET') {
    response.setHeader('allow', 'GET').setHeader('connection', 'close');
    return json(response, 405, { error: `${request.method} is not allowed: this interface only reads` });
  }
  switch (request.url?.split('?', 1)[0]) {
    case '/metrics':
      return send(response, view.metrics());
    case '/healthz':
      return json(response, 200, { status: 'alive' });
    case '/readyz': {
      const { ready, reasons } = view.readiness();
      return json(response, ready ? 200 : 503, { ready, reasons });
    }
    case '/v1/report': {
      const report = view.report();
      if (report === null) return json(response, 503, { error: 'no report yet: ask again when /readyz says ready' });
      return json(response, 200, report);
    }
    default:
      return json(response, 404, { error: 'not found: there are /metrics, /healthz, /readyz and /v1/report' });
  }
}

/** As much as a socket's buffer takes at once; a scrape of eight GPUs is 150 kB. */
const PIECE_CHARACTERS = 16 * 1024;

function send(response: ServerResponse, pieces: Iterable<string>): void {
  response.setHeader('content-type', CONTENT_TYPE);
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE_CHARACTERS) continue;
    response.write(text);
    text = '';
  }
  response.end(text);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const mend = 'stop what listens there, or set another `listen` (port 0 takes any)';
      reject(new AgentError('listen', `${host}:${port} cannot be taken: ${errorText(error)}; ${mend}`, error));
    });
    server.listen(port, host, resolve);
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
