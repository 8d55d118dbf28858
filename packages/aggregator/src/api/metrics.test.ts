import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMPTY_STATE } from '../core/state.ts';
import type { PassOutcome } from '../passes/index.ts';
import { createMetrics } from './metrics.ts';

const OUTCOME: PassOutcome = {
  id: '20261120T170000000Z',
  folder: '',
  summary: '',
  outcome: 'planned',
  state: EMPTY_STATE,
  setSizes: { 'telemetry/healthy': 60, 'plan/drain': 2 },
  planned: 2,
  refusals: { budget: 3 },
  headroom: 1,
  legAgesSeconds: { inventory: 100, telemetry: 0 },
  legErrors: {},
  durationMs: 250,
};

function setUp() {
  let now = new Date('2026-11-20T17:00:00.000Z');
  const metrics = createMetrics('1.2.3');
  metrics.observe({ receiver: { connections: () => [], asksPending: 0 }, storeBytes: () => 4096, now: () => now });
  return { metrics, later: (seconds: number) => (now = new Date(now.getTime() + seconds * 1000)), now: () => now };
}

describe('metrics', () => {
  it('are each described in docs/metrics.md, and nothing else is', async () => {
    const { metrics, now } = setUp();
    metrics.passed(OUTCOME, now());
    const text = await metrics.text();
    const exported = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    const page =
      readFileSync(join(import.meta.dirname, '../../../../docs/metrics.md'), 'utf8').split('\n## Agent')[0] ?? '';
    const described = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(described.toSorted()).toEqual(exported.toSorted());
  });

  it('let a leg go on ageing when passes stop', async () => {
    const { metrics, later, now } = setUp();
    metrics.passed(OUTCOME, now());
    later(90);
    expect(await metrics.text()).toContain('trivet_leg_age_seconds{leg="inventory"} 190');
  });

  it('forget sets and refusals of former passes', async () => {
    const { metrics, now } = setUp();
    metrics.passed(OUTCOME, now());
    metrics.passed({ ...OUTCOME, setSizes: { 'telemetry/healthy': 62 }, refusals: {} }, now());
    const text = await metrics.text();
    expect(text).toContain('trivet_set_nodes{set="telemetry/healthy"} 62');
    expect(text).not.toContain('plan/drain');
    expect(text).not.toContain('trivet_refusals{');
    expect(text).toContain('trivet_passes_total{outcome="planned"} 2');
  });
});
