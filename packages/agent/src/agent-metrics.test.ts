import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderAgentMetrics } from './agent-metrics.ts';
import type { AgentView } from './agent-metrics.ts';
import { gpuFixture, sampleFixture } from './checks/nvidia-gpu.fixture.ts';
import { KNOWN_NVIDIA, viewFixture } from './outputs/agent-view.fixture.ts';
import { lintExposition } from './testing/exposition-lint.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8').split('\n## Agent')[1] ?? '';
const SPELLING = /^DCGM_\w+: (a counter without _total|has its type in the name|a label in camel case)$/;
const ALL = textOf(viewFixture({}, { dcgmNames: true }));

function textOf(view: AgentView): string {
  return [...renderAgentMetrics(view)].join('');
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name, type]) => `${name} ${type}`).toSorted();
}

describe('metrics of the agent', () => {
  it('are each described in docs/metrics.md, and nothing else is', () => {
    expect(namesIn(PAGE, /^\| `(\w+)` \| (\w+) \|/gm)).toEqual(namesIn(ALL, /^# TYPE (\S+) (\S+)$/gm));
  });

  it('pass the lint of Prometheus, all but the spelling of dcgm-exporter', () => {
    expect(lintExposition(textOf(viewFixture()))).toEqual([]);
    expect(textOf(viewFixture())).not.toContain('DCGM_');
    expect(lintExposition(ALL).filter((problem) => !SPELLING.test(problem))).toEqual([]);
  });

  it('have no series for what is not known', () => {
    const unread = gpuFixture({ temperatureCelsius: { unknown: 'N/A' } });
    const text = textOf(viewFixture({ samples: { nvidia: sampleFixture([unread]) } }, { push: null }));
    expect(text).not.toContain('trivet_gpu_temperature_celsius');
    expect(text).not.toContain('trivet_agent_connected');
    expect(text).toContain('trivet_collector_age_seconds{collector="host"} 1.5');
    expect(text).toContain('trivet_findings_dropped_total 0');
  });

  it('have each series once, whatever boards call themselves', () => {
    const names = { model: 'a"b\\c\nd{}=,', serial: '\ud800', vbios: '# TYPE x counter' };
    const twins = [gpuFixture(names), gpuFixture(names), gpuFixture({ ...names, uuid: null, pciBusId: null })];
    const nameless = gpuFixture({ uuid: null, pciBusId: null, minorNumber: null });
    const samples = { nvidia: sampleFixture([...twins, nameless, nameless]) };
    const text = textOf(viewFixture({ samples }, { dcgmNames: true }));
    expect(lintExposition(text).filter((problem) => !SPELLING.test(problem))).toEqual([]);
    expect(text).toMatch(/^trivet_agent_duplicate_series [1-9]/m);
  });

  it('give both vendors one name for one thing', () => {
    for (const name of ['power_watts', 'memory_used_bytes', 'pcie_replay_total', 'ecc_uncorrectable_errors_total']) {
      expect(ALL.match(new RegExp(`^trivet_gpu_${name}\\{`, 'gm')), name).toHaveLength(2);
    }
    expect(ALL).toContain('trivet_gpu_ecc_volatile_errors_total{uuid="10ff74a1-0000-1000-8000-000000000001"');
  });

  it('are in base units', () => {
    expect(ALL).toMatch(/^trivet_gpu_throttle_seconds_total\{.*reason="sw-power-cap"\} 2.5$/m);
    expect(ALL).toMatch(/^trivet_xid_last_seen_timestamp_seconds\{.*xid="79"\} 1795194000$/m);
    expect(ALL).toMatch(/^trivet_gpu_nvlink_errors_total\{.*counter="replay"\} 5$/m);
    expect(ALL).toMatch(/^trivet_gpu_retired_pages\{uuid="GPU-.*\} 3$/m);
  });

  it('say of each GPU how it is judged, and which are lost', () => {
    const lostGpu = { name: '1', pciBusId: '0000:2f:00.0', uuid: null, kind: 'lost', text: 'GPU is lost' } as const;
    const samples = { nvidia: sampleFixture([KNOWN_NVIDIA], { lost: [lostGpu] }) };
    const text = textOf(viewFixture({ samples, findings: [] }));
    expect(text).toContain('trivet_gpu_lost{uuid="",pci_bus_id="0000:2f:00.0",minor=""} 1');
    expect(text).toMatch(/^trivet_gpu_lost\{uuid="GPU-.*\} 0$/m);
    expect(text).toMatch(/^trivet_gpu_health\{.*minor="0",state="healthy"\} 1$/m);
    expect(text).toContain('trivet_node_health{state="unhealthy"} 0');
  });

  it('take no word of a tool as a label that is not in a list', () => {
    const odd = gpuFixture({ recoveryAction: { value: 'Sacrifice a goat' }, fabricState: { value: 'Not Started' } });
    const text = textOf(viewFixture({ samples: { nvidia: sampleFixture([odd]) } }));
    expect(text).toMatch(/^trivet_gpu_recovery_action\{.*action="other"\} 1$/m);
    expect(text).toMatch(/^trivet_gpu_fabric_state\{.*state="not-started"\} 1$/m);
  });
});
