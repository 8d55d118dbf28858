/**
 * What a simulated agent reports: the world's open faults as findings, read through the same catalogue that the real agent
 * reads. Times are the world's, ids follow from what they name: the same world gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { catalogueEntry } from '@trivet/shared/health/catalogue/index.ts';
import type { Finding, GpuRef } from '@trivet/shared/model/finding.ts';
import type { Signal } from '@trivet/shared/model/node.ts';
import type { Report } from '@trivet/shared/model/report.ts';
import type { AgentEvent } from '@trivet/shared/protocol/messages.ts';
import { kernelLine, type Sign } from './faults.ts';
import type { AgentView, OpenFault } from './world.ts';

/** A simulated agent's senses always work: a node that cannot be judged is one that does not report. */
const COLLECTORS: readonly Signal[] = ['nvidia-smi', 'kernel-log'].map((name) => ({
  name,
  state: 'ok',
  required: true,
  reason: null,
  ageMs: 0,
}));

export function reportOf(view: AgentView, pass: number, at: Date): Report {
  return {
    reportId: `${view.node}-${pass}`,
    takenAt: at.toISOString(),
    reason: 'interval',
    samples: {},
    findings: findingsOf(view, at),
    collectors: COLLECTORS,
  };
}

/** An event for each finding that was not asserted before, numbered on from `lastSeq`. */
export function openedEvents(report: Report, asserted: ReadonlySet<string>, lastSeq: number): AgentEvent[] {
  return report.findings
    .filter(({ id }) => !asserted.has(id))
    .map(({ id, code, gpu }, index) => ({
      seq: lastSeq + index + 1,
      kind: 'finding.opened',
      at: report.takenAt,
      body: { finding: id, code, gpu },
    }));
}

/** One a GPU and code: two faults on one GPU may share a sign, and the older one named it. */
function findingsOf(view: AgentView, at: Date): Finding[] {
  const all = view.faults.flatMap((open) => open.fault.signs.map((sign) => findingOf(view, open, { sign, at })));
  return [...new Map(all.toReversed().map((finding) => [finding.id, finding])).values()];
}

function findingOf(view: AgentView, { gpu: index, since }: OpenFault, seen: { sign: Sign; at: Date }): Finding {
  const { sign, at } = seen;
  const found = view.hardware.gpus[index];
  const gpu: GpuRef | null = found === undefined ? null : { uuid: found.uuid, pciBusId: found.pciBusId };
  const entry = catalogueEntry(sign.code);
  const text = sign.source === 'kernel-log' ? kernelLine(found?.pciBusId ?? '', sign) : sign.text;
  return {
    id: idOf([view.node, gpu?.uuid ?? gpu?.pciBusId ?? null, entry.class, sign.code, view.bootId]),
    gpu,
    class: entry.class,
    code: sign.code,
    strength: entry.strength,
    action: entry.action,
    urgency: entry.urgency,
    state: 'open',
    firstSeen: since.toISOString(),
    lastSeen: (sign.source === 'kernel-log' ? since : at).toISOString(),
    count: 1,
    evidence: [{ at: since.toISOString(), source: sign.source, text }],
    rule: `${entry.reason} (${entry.source})`,
  };
}

function idOf(parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
