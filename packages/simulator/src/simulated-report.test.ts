import { describe, expect, it } from 'vitest';
import { verdict } from '@trivet/shared/health/verdict.ts';
import { parseAgentMessage } from '@trivet/shared/protocol/schema.ts';
import { passTime } from './clock.ts';
import { openedEvents, reportOf } from './simulated-report.ts';
import { createWorld, type AgentView } from './world.ts';

const world = createWorld({ nodes: 64, seed: 7 });
const agents = (pass: number): readonly AgentView[] => world.frame(pass).agents;

describe('reportOf', () => {
  it('is a report that the receiver takes, for every node', () => {
    for (const view of agents(12)) {
      const parsed = parseAgentMessage(JSON.stringify({ type: 'report', ...reportOf(view, 12, passTime(12)) }));
      expect(parsed).toMatchObject({ ok: true });
    }
  });

  it('makes exactly the nodes with a hard fault unhealthy', () => {
    const wrong = agents(3).filter((view) => {
      const { findings, collectors } = reportOf(view, 3, passTime(3));
      const unhealthy = verdict(findings, collectors) === 'unhealthy';
      return unhealthy !== view.faults.some(({ fault }) => fault.hard);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps the id and first time of a finding from pass to pass', () => {
    const node = agents(1).find(({ faults }) => faults.some(({ fault }) => fault.hard))?.node;
    const findings = [1, 2].map((pass) => {
      const view = agents(pass).find((candidate) => candidate.node === node);
      return view === undefined ? [] : reportOf(view, pass, passTime(pass)).findings;
    });
    const keys = findings.map((list) => list.map(({ id, firstSeen }) => [id, firstSeen]));
    expect(keys[0]?.length).toBeGreaterThan(0);
    expect(keys[1]).toEqual(keys[0]);
  });
});

describe('openedEvents', () => {
  it('tells each finding once, numbered on', () => {
    const view = agents(3).find(({ faults }) => faults.some(({ fault }) => fault.signs.length > 1));
    if (view === undefined) throw new Error('no node with a fault of several signs');
    const report = reportOf(view, 3, passTime(3));
    const events = openedEvents(report, new Set(), 4);
    expect(events.map(({ seq }) => seq)).toEqual(report.findings.map((_, index) => index + 5));
    expect(openedEvents(report, new Set(report.findings.map(({ id }) => id)), 9)).toEqual([]);
  });
});
