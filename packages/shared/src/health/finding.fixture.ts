/** For tests: a finding as the catalogue would have it. */
import type { Finding } from '../model/finding.ts';
import { catalogueEntry } from './catalogue/index.ts';

export function findingFixture(code: string, over: Partial<Finding> = {}): Finding {
  const { class: faultClass, action, urgency, strength, reason } = catalogueEntry(code);
  const at = '2026-11-20T17:00:00.000Z';
  return {
    id: `id-${code}`,
    gpu: null,
    class: faultClass,
    code,
    strength,
    action,
    urgency,
    state: 'open',
    firstSeen: at,
    lastSeen: at,
    count: 1,
    evidence: [],
    rule: reason,
    ...over,
  };
}
