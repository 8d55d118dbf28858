/** The read API, metrics and the page over a real pass: agents on sockets, inventory and cluster from files. */
import { describe, expect, it } from 'vitest';
import type { ReportMessage } from '@trivet/shared/protocol/messages.ts';
import { until, withAggregator, type Harness, type HarnessOptions } from './aggregator-harness.ts';

const NODES = Array.from({ length: 20 }, (_, index) => `gpu-${String(index + 1).padStart(2, '0')}`);
const EVIL = '<script>alert("x")</script>';

const inventory = NODES.map((node, index) => ({
  node,
  lifecycle: 'in-service',
  pool: 'train',
  role: 'worker',
  protected: node === 'gpu-02',
  handsOff: null,
  drainRequested: false,
  ticket: null,
  serial: `S-${node}`,
  gpus: { model: 'H100', count: 1 },
  domains: { rack: `r${index % 5}` },
  group: null,
}));
const cluster = NODES.map((node) => ({
  node,
  uid: `uid-${node}`,
  ready: true,
  schedulable: true,
  cordon: null,
  drained: false,
  work: [],
  allocatableGpus: 1,
  labels: {},
  reason: null,
}));

function report(node: string, at: Date): ReportMessage {
  const broken = node === 'gpu-01' || node === 'gpu-02';
  return {
    type: 'report',
    reportId: `r-${node}`,
    takenAt: at.toISOString(),
    reason: 'interval',
    samples: {},
    collectors: ['nvidia-smi', 'kernel-log'].map((name) => ({
      name,
      state: 'ok',
      required: true,
      reason: null,
      ageMs: 0,
    })),
    findings: broken
      ? [
          {
            id: `f-${node}`,
            gpu: { uuid: `GPU-${node}`, pciBusId: '0000:1b:00.0' },
            class: 'reboot',
            code: 'xid.79',
            strength: 'hard',
            action: 'drain-and-reboot',
            urgency: 'now',
            state: 'open',
            firstSeen: at.toISOString(),
            lastSeen: at.toISOString(),
            count: 1,
            evidence: [{ at: at.toISOString(), source: 'kernel-log', text: EVIL }],
            rule: `fell off the bus ${EVIL}`,
          },
        ]
      : [],
  };
}

/** Every node reports, ten minutes after the start; then one pass. */
async function afterOnePass(work: (harness: Harness, pass: string) => Promise<void>): Promise<void> {
  let now = new Date('2026-11-20T17:00:00.000Z');
  const asOf = new Date('2026-11-20T17:09:00.000Z');
  const options: HarnessOptions = { now: () => now, asOf, inventory, cluster };
  await withAggregator(options, async (harness) => {
    now = new Date('2026-11-20T17:10:00.000Z');
    for (const node of NODES) {
      const agent = await harness.agent(node);
      await agent.message('welcome');
      agent.send(report(node, now));
    }
    await until(() => NODES.every((node) => harness.aggregator.delivered(node) !== null), 'all reports');
    const { id } = await harness.aggregator.runPass();
    await work(harness, id);
  });
}

describe('before the first pass', () => {
  it('says so, everywhere', async () => {
    await withAggregator({}, async ({ get, json }) => {
      expect(await json('/v1/passes')).toEqual({ status: 200, body: { passes: [] } });
      expect(await json('/v1/passes/latest')).toMatchObject({ status: 404, body: { error: { code: 'pass.unknown' } } });
      expect((await json('/v1/status')).body).toMatchObject({ cluster: 'test', mode: 'observe', lastPass: null });
      const page = await get('/');
      expect(page.body).toContain('There is no pass yet');
      expect(page.body).toContain('Observe mode: nothing is acted on');
    });
  });

  it('is alive and ready', async () => {
    await withAggregator({}, async ({ get }) => {
      expect((await get('/healthz')).status).toBe(200);
      expect((await get('/readyz')).status).toBe(200);
    });
  });
});

describe('within three report intervals of the start', () => {
  it('a pass plans nothing and says that telemetry is not complete', async () => {
    await withAggregator({ inventory, cluster }, async ({ aggregator, json, get }) => {
      const outcome = await aggregator.runPass();
      expect(outcome.planned).toBe(0);
      const { body } = await json('/v1/passes/latest/plan');
      expect(JSON.stringify(body)).toContain('leg-incomplete');
      expect((await get('/')).body).toContain('Nothing may be drained');
    });
  });
});

describe('after a pass', () => {
  it('is read back by id, latest, set, plan, refusals and summary', async () => {
    await afterOnePass(async ({ json, get }, pass) => {
      expect((await json('/v1/passes')).body).toMatchObject({ passes: [{ id: pass, planned: 1 }] });
      expect((await json(`/v1/passes/${pass}`)).body).toMatchObject({ head: { id: pass }, withheld: [] });
      expect((await json('/v1/passes/latest/sets')).body).toMatchObject({
        pass,
        sets: { 'telemetry/unhealthy': 2, 'plan/drain': 1 },
      });
      expect((await json('/v1/passes/latest/sets/telemetry/unhealthy')).body).toEqual({
        pass,
        set: 'telemetry/unhealthy',
        nodes: ['gpu-01', 'gpu-02'],
      });
      expect((await json('/v1/passes/latest/plan')).body).toMatchObject({ steps: [{ node: 'gpu-01', order: 1 }] });
      expect((await json('/v1/passes/latest/refusals')).body).toMatchObject({
        refusals: [{ node: 'gpu-02', code: 'protected' }],
      });
      expect((await get('/v1/passes/latest/summary')).body).toContain('gpu-01');
    });
  });

  it('explains a node', async () => {
    await afterOnePass(async ({ json }, pass) => {
      const { body } = await json('/v1/nodes/gpu-02/explain');
      expect(body).toMatchObject({ node: 'gpu-02', pass, refusals: [{ code: 'protected' }] });
      expect(await json('/v1/nodes/gpu-99/explain')).toMatchObject({
        status: 404,
        body: { error: { code: 'node.unknown' } },
      });
    });
  });

  it('is on the page, with whatever nodes say escaped', async () => {
    await afterOnePass(async ({ get }, pass) => {
      const { body, headers } = await get('/');
      expect(body).toContain(pass);
      expect(body).toContain('gpu-02');
      expect(body).not.toContain('<script');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      const nonce = /style-src 'nonce-([^']+)'/.exec(headers.get('content-security-policy') ?? '')?.[1];
      expect(body).toContain(`<style nonce="${nonce}">`);
    });
  });

  it('is in the metrics, and no label names a node', async () => {
    await afterOnePass(async ({ get, metric }) => {
      expect(await metric('trivet_set_nodes{set="telemetry/unhealthy"}')).toBe(2);
      expect(await metric('trivet_refusals{code="protected"}')).toBe(1);
      expect(await metric('trivet_plan_steps')).toBe(1);
      expect(await metric('trivet_pass_duration_seconds_count')).toBe(1);
      expect(await metric('trivet_agents_connected')).toBe(NODES.length);
      expect(await metric('trivet_leg_age_seconds{leg="telemetry"}')).not.toBeNull();
      const { body } = await get('/metrics');
      expect(NODES.filter((node) => body.includes(node))).toEqual([]);
    });
  });

  it('keeps its state for the next start', async () => {
    await afterOnePass(async ({ aggregator, json }, pass) => {
      expect((await json('/v1/status')).body).toMatchObject({ lastPass: { id: pass, planned: 1 }, passFailure: null });
      const second = await aggregator.runPass();
      expect(second.state.expected).toEqual(NODES);
    });
  });
});

describe('nodes', () => {
  it('come in pages, sorted', async () => {
    await afterOnePass(async ({ json }) => {
      const { body } = await json('/v1/nodes?limit=8');
      expect(body).toMatchObject({ total: 20, after: 'gpu-08' });
      const seen: string[] = [];
      let after: string | null = '';
      while (after !== null) {
        const page = (await json(`/v1/nodes?limit=8${after === '' ? '' : `&after=${after}`}`)).body;
        const { nodes, after: next } = page as { nodes: { node: string }[]; after: string | null };
        seen.push(...nodes.map(({ node }) => node));
        after = next;
      }
      expect(seen).toEqual(NODES);
    });
  });
});

describe('bad requests', () => {
  const cases: readonly (readonly [path: string, status: number, code: string])[] = [
    ['/v1/nodes?limit=0', 400, 'request.invalid'],
    ['/v1/nodes?limit=1e9', 400, 'request.invalid'],
    ['/v1/nodes?colour=red', 400, 'request.invalid'],
    ['/v1/nodes/UPPER', 400, 'request.invalid'],
    ['/v1/nodes/unheard-of', 404, 'node.unknown'],
    ['/v1/nodes/unheard-of/events', 404, 'node.unknown'],
    ['/v1/nodes/n1/events?before=-1', 400, 'request.invalid'],
    ['/v1/nodes/..%2f..%2fetc%2fpasswd', 400, 'request.invalid'],
    ['/v1/nodes/n1/explain?pass=..%2f..', 400, 'request.invalid'],
    ['/v1/passes/20261120T170000123Z', 404, 'pass.unknown'],
    ['/v1/passes/..%2f..%2fetc', 400, 'request.invalid'],
    ['/v1/passes/%2e%2e', 404, 'route.unknown'],
    ['/v1/passes/latest/sets/..%2f../passwd', 400, 'request.invalid'],
    ['/v1/passes/latest/sets/telemetry/..%2f..%2fpass.json', 400, 'request.invalid'],
    ['/v1/passes/latest/sets/telemetry/nonsense', 404, 'set.unknown'],
    ['/v1/passes/latest/sets/telemetry/%00', 400, 'request.invalid'],
    ['/v2/anything', 404, 'route.unknown'],
  ];

  it('get a status, a code and a sentence', async () => {
    await afterOnePass(async ({ json }) => {
      for (const [path, status, code] of cases) {
        const response = await json(path);
        expect([path, response.status, response.body]).toMatchObject([path, status, { error: { code } }]);
        expect(JSON.stringify(response.body)).toMatch(/"message":".{10,}"/);
      }
    });
  });

  it('include every method that could change something', async () => {
    await withAggregator({}, async ({ aggregator }) => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        for (const path of ['/v1/status', '/v1/nodes', '/v1/passes', '/']) {
          const response = await fetch(aggregator.url + path, { method });
          expect([method, path, response.status]).toEqual([method, path, 404]);
        }
      }
    });
  });
});
