import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { SiteCheckResult } from '@trivet/shared/model/site.ts';
import { describe, expect, it } from 'vitest';
import { renderAgentMetrics } from './agent-metrics.ts';
import type { AgentView } from './agent-metrics.ts';
import { gpuFixture, sampleFixture } from './checks/nvidia-gpu.fixture.ts';
import { NewestReport } from './outputs/newest-report.ts';

const AT = '2026-11-20T17:00:00.000Z';
const finding: Finding = {
  id: 'f',
  gpu: null,
  class: 'reboot',
  code: 'xid.79',
  strength: 'hard',
  action: 'drain-and-reboot',
  urgency: 'now',
  state: 'open',
  firstSeen: AT,
  lastSeen: AT,
  count: 1,
  evidence: [],
  rule: '',
};
/** What no one board has all at once. */
const older = gpuFixture({
  resetRequired: { value: true },
  retiredPagesSingleBit: { value: 1 },
  retiredPagesDoubleBit: { value: 2 },
  retirementPending: { value: true },
});

const disk: SiteCheckResult = {
  name: 'disk',
  state: 'ok',
  text: 'fine',
  class: null,
  gpu: null,
  values: { free_bytes: 1e9 },
  endedAt: AT,
  toldAt: AT,
  durationMs: 250,
};

function viewOf(watch: Partial<AgentView['watch']> = {}): AgentView {
  const signal = { name: 'host', state: 'ok', required: true, reason: null, ageMs: 1500 } as const;
  return {
    node: 'n1',
    version: '0.1.0',
    watch: {
      samples: { nvidia: sampleFixture([older]), site: { checks: [disk] } },
      findings: [finding],
      dropped: 0,
      signals: () => [signal],
      kernelCounters: { records: 1, lost: 0, overruns: 0, forged: 0, malformed: 0, unreadXids: 0 },
      ...watch,
    },
    outbox: { agentId: 'a1', depth: 0, bytes: 0, lost: 2, reportsDropped: 3, failures: 0 },
    keeper: { failures: 0, lost: 4, waiting: 5 },
    push: { connected: true, counts: { welcomes: 1, refusals: 0, badFrames: 0 }, reports: new NewestReport() },
  };
}

describe('metrics of the agent', () => {
  it('are each described in docs/metrics.md, and nothing else is', () => {
    const exported = [...renderAgentMetrics(viewOf()).matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    const page =
      readFileSync(join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8').split('\n## Agent')[1] ?? '';
    const described = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)];
    const names = (found: typeof described) => found.map(([, name, type]) => `${name} ${type}`).toSorted();
    expect(names(described)).toEqual(names(exported));
  });

  it('have no series for what is not known', () => {
    const unread = gpuFixture({ temperatureCelsius: { unknown: 'N/A' } });
    const text = renderAgentMetrics({ ...viewOf({ samples: { nvidia: sampleFixture([unread]) } }), push: null });
    expect(text).not.toContain('trivet_gpu_temperature_celsius');
    expect(text).not.toContain('trivet_agent_connected');
    expect(text).toContain('trivet_collector_age_seconds{collector="host"} 1.5');
    expect(text).toContain('trivet_findings_dropped_total 0');
  });
});
