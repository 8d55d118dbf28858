/**
 * What a simulated agent reports: the world's open faults as findings, made by the real agent's own ledger and so read
 * through the same catalogue. Times are the world's, ids follow from what they name: the same world gives the same bytes.
 */
import { openEntry } from '@trivet/agent/checks/ledger-entry.ts';
import type { Finding } from '@trivet/shared/model/finding.ts';
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
    reportId: reportIdOf(view.node, pass),
    takenAt: at.toISOString(),
    reason: 'interval',
    samples: {},
    findings: findingsOf(view, at),
    collectors: COLLECTORS,
  };
}

export function reportIdOf(node: string, pass: number): string {
  return `${node}-${pass}`;
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

function findingOf(view: AgentView, { gpu: index, since }: OpenFault, { sign, at }: { sign: Sign; at: Date }): Finding {
  const found = view.hardware.gpus[index];
  const gpu = found === undefined ? null : { uuid: found.uuid, pciBusId: found.pciBusId };
  const isLine = sign.source === 'kernel-log';
  const text = isLine ? kernelLine(found?.pciBusId ?? '', sign) : sign.text;
  const seen = { gpu, code: sign.code, at: since.toISOString(), source: sign.source, text };
  const { finding } = openEntry(seen, null, { node: view.node, bootId: view.bootId, at: at.toISOString() });
  // A line was printed once; a value is read at every look.
  return isLine ? finding : { ...finding, lastSeen: at.toISOString() };
}
