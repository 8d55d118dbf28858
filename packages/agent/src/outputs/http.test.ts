import { request } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startHttp } from './http.ts';
import type { LocalHttp } from './http.ts';

let http: LocalHttp;
let calls: number;
beforeEach(async () => {
  calls = 0;
  const counted = <Value>(value: Value) => {
    calls += 1;
    return value;
  };
  http = await startHttp(
    { host: '127.0.0.1', port: 0 },
    {
      metrics: () => [counted('# metrics\n')],
      readiness: () => counted({ ready: true, reasons: [] }),
      report: () => counted(null),
    },
  );
});
afterEach(() => http.close());

function ask(method: string, path: string): Promise<{ status: number; allow: string | undefined }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${http.address}${path}`, { method, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, allow: response.headers.allow }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const PATHS = ['/metrics', '/healthz', '/readyz', '/v1/report', '/', '/v1/checks', '/metrics?x=1', '/metrics/'];
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'MKCOL', 'LOCK', 'QUERY'];

it.each(METHODS)('answers 405 to %s on every path, and asks nothing for it', async (method) => {
  for (const path of PATHS) expect({ path, ...(await ask(method, path)) }).toEqual({ path, status: 405, allow: 'GET' });
  expect(calls).toBe(0);
});

it('answers GET on its four paths, and on no other', async () => {
  const statuses = await Promise.all(PATHS.map(async (path) => (await ask('GET', path)).status));
  expect(statuses).toEqual([200, 200, 200, 503, 404, 404, 200, 404]);
});
