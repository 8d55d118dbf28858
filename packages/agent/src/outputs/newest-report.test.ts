import { describe, expect, it } from 'vitest';
import type { Report } from '@trivet/shared/model/report.ts';
import { FRAME_MAX_BYTES } from '@trivet/shared/protocol/messages.ts';
import { parseAgentMessage } from '@trivet/shared/protocol/schema.ts';
import { NewestReport } from './newest-report.ts';

const AT = '2026-11-20T17:00:00.000Z';

function report(findings: number, evidenceBytes = 10, ruleBytes = 10): Report {
  const evidence = [0, 1, 2, 3].map((n) => ({ at: AT, source: 'kernel-log', text: `${n}`.padEnd(evidenceBytes, 'x') }));
  return {
    reportId: `r${findings}`,
    takenAt: AT,
    reason: 'interval',
    samples: {},
    collectors: [],
    findings: Array.from({ length: findings }, (_value, index) => ({
      id: `f${index}`,
      gpu: null,
      class: 'watch',
      code: 'xid.48',
      strength: 'soft',
      action: 'none',
      urgency: 'watch',
      state: 'open',
      firstSeen: AT,
      lastSeen: AT,
      count: 4,
      evidence,
      rule: 'r'.repeat(ruleBytes),
    })),
  };
}

function taken(newest: NewestReport) {
  const parsed = parseAgentMessage(newest.take() ?? '');
  return parsed.ok && parsed.message.type === 'report' ? parsed.message : null;
}

describe('NewestReport', () => {
  it('gives the newest once, and again for a new connection', () => {
    const newest = new NewestReport();
    expect(newest.take()).toBeNull();
    newest.put(report(1));
    newest.put(report(2));
    expect(newest.superseded).toBe(1);
    expect(taken(newest)?.reportId).toBe('r2');
    expect(newest.take()).toBeNull();
    newest.renew();
    expect(taken(newest)?.reportId).toBe('r2');
    expect(newest.superseded).toBe(1);
  });

  it('cuts evidence, newest last, and keeps every finding', () => {
    const newest = new NewestReport();
    newest.put(report(300, 1000));
    const message = taken(newest);
    expect(message?.findings).toHaveLength(300);
    expect(message?.findings[0]?.evidence.map(({ text }) => text[0])).toEqual(['3']);
    newest.put(report(900, 1024, 500));
    expect(taken(newest)?.findings[0]?.evidence).toEqual([]);
  });

  it('drops and counts what does not fit at all', () => {
    const newest = new NewestReport();
    newest.put(report(900, 10, 4000));
    expect(newest.take(FRAME_MAX_BYTES)).toBeNull();
    expect(newest).toMatchObject({ tooLarge: 1, waiting: false });
  });
});
