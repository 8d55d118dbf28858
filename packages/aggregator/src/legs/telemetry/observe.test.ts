import { describe, expect, it } from 'vitest';
import { verdict } from '@trivet/shared/health/verdict.ts';
import type { StoredReport } from '../../store/index.ts';
import { createLatestReports } from './latest.ts';
import { telemetryLeg } from './observe.ts';

const START = Date.parse('2026-11-20T17:00:00.000Z');
const at = (seconds: number) => new Date(START + seconds * 1000);

function report(receivedSeconds: number, agentId = 'a1'): StoredReport {
  return {
    reportId: `r${receivedSeconds}`,
    agentId,
    row: {
      node: 'n1',
      receivedAt: at(receivedSeconds).toISOString(),
      takenAt: at(receivedSeconds).toISOString(),
      bootId: 'b',
      hardware: { serial: null, gpus: [] },
      verdict: 'healthy',
      findings: [],
      signals: [
        { name: 'nvidia-smi', state: 'ok', required: true, reason: null, ageMs: 500 },
        { name: 'kernel-log', state: 'ok', required: false, reason: null, ageMs: null },
      ],
      versions: { agent: null, driver: null, firmware: null },
    },
  };
}

function observe(nowSeconds: number, stored: readonly StoredReport[], later: readonly StoredReport[] = []) {
  const latest = createLatestReports(stored);
  for (const next of later) latest.put(next);
  const leg = telemetryLeg({ latest, now: () => at(nowSeconds), startedAt: at(0), reportIntervalMs: 60_000 });
  return leg.observe('test');
}

describe('telemetry leg', () => {
  it('is not complete within three report intervals of the start, and says the numbers', async () => {
    const early = await observe(179, [report(100)]);
    expect(early.complete).toBe(false);
    expect(early.errors).toMatchObject([{ code: 'telemetry.warming-up' }]);
    expect(early.errors[0]?.message).toMatch(/started 179 s ago.*180 s.*60 s/);
    expect(early.rows).toHaveLength(1);
    expect(await observe(180, [report(100)])).toMatchObject({ complete: true, errors: [] });
  });

  it('is not complete when the clock was set back behind the start', async () => {
    expect((await observe(-3600, [])).complete).toBe(false);
  });

  it('gives ages as they were reported, and when that was by our clock', async () => {
    const { rows } = await observe(700, [report(100)]);
    expect(rows[0]?.signals.map(({ ageMs }) => ageMs)).toEqual([500, null]);
    expect(rows[0]?.receivedAt).toBe(at(100).toISOString());
  });

  it('makes a node unknown for which two agents speak', async () => {
    const { rows } = await observe(300, [], [report(280, 'a1'), report(290, 'a2')]);
    expect(rows.map(({ receivedAt }) => receivedAt)).toEqual([at(280), at(290)].map((time) => time.toISOString()));
    for (const row of rows) {
      expect(row.verdict).toBe('unknown');
      expect(verdict(row.findings, row.signals)).toBe('unknown');
      expect(row.signals.at(-1)?.reason).toMatch(/two agents report as n1 \(a2 and a1\)/);
    }
  });

  it('takes a new agent for the node when the former one has been quiet', async () => {
    const { rows } = await observe(700, [], [report(280, 'a1'), report(690, 'a2')]);
    expect(rows[0]?.verdict).toBe('healthy');
  });

  it('holds no more than one row a node, sorted by name', () => {
    const latest = createLatestReports([report(1)]);
    const other = report(2);
    latest.put({ ...other, row: { ...other.row, node: 'a0' } });
    latest.put(report(3));
    expect(latest.nodes()).toEqual(['a0', 'n1']);
    expect(latest.get('n1')).toMatchObject({ reportId: 'r3', delivered: 1 });
  });
});
