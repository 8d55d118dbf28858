/** One open finding with what the ledger must remember about it, and how it is opened, seen again and closed. */
import { catalogueEntry } from '@trivet/shared/health/catalogue/index.ts';
import { EVIDENCE_MAX, EVIDENCE_TEXT_MAX } from '@trivet/shared/model/finding.ts';
import type { Evidence, FaultClass, Finding, GpuRef } from '@trivet/shared/model/finding.ts';
import { KERNEL_LOG } from './check.ts';
import type { Seen } from './check.ts';
import { findingId } from './finding-id.ts';

export interface Busy {
  /** Time that the GPU has worked since the last line. */
  readonly ms: number;
  /** The last sample that showed it at work; null: it was not. */
  readonly at: string | null;
}

export interface LedgerEntry {
  readonly finding: Finding;
  readonly bootId: string;
  /** When the ledger last heard of it, by its caller's clock: a sample begun before that disproves nothing. */
  readonly learnedAt: string;
  /** The kernel log said so: it happened, and only the proof of its action closes it. Else a sample shows it, or does not. */
  readonly isEvent: boolean;
  /** When the burst of lines began that the newest evidence stands for. */
  readonly burstAt: string;
  /** When the newest line came; absent where none did. A sample that still shows the fault begins no new chain of lines. */
  readonly saidAt?: string;
  /** Code of the fault that it is a symptom of. */
  readonly root?: string;
  /** Address of the device that is no GPU. */
  readonly device?: string;
  /** Of a reset that the driver has begun: when the hardware was reset. The driver has yet to say that it goes on. */
  readonly resetAt?: string;
  /** Work of the GPU since the last line, towards the proof that it does not come again. */
  readonly busy?: Busy;
}

/** Lines of one fault come within seconds (Delta SC'25 groups by 5 s); all are counted, one is kept. */
export const BURST_MS = 5_000;

/**
 * An AMD board has a UUID by amd-smi's list and the number of its chip (`0x…`) by rocm-smi, and by amd-smi where the list fails:
 * two names of one board, which prove nothing by being different.
 */
export function areOfOneKind(uuid: string, other: string): boolean {
  return /^0x/i.test(uuid) === /^0x/i.test(other);
}

export function isSameGpu(a: GpuRef | null, b: GpuRef | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.uuid !== null && b.uuid !== null && areOfOneKind(a.uuid, b.uuid)) return a.uuid === b.uuid;
  return a.pciBusId !== null && a.pciBusId === b.pciBusId;
}

export interface Where {
  readonly node: string;
  readonly bootId: string;
  /** The caller's clock. */
  readonly at: string;
}

/** `root`: the fault that this is only a symptom of; then it is kept, and condemns nobody. */
export function openEntry(
  seen: Seen,
  root: string | null,
  { node, bootId, at }: Where,
  witnesses: string | null = null,
): LedgerEntry {
  const { reason, source, ...fault } = catalogueEntry(seen.code);
  const { class: faultClass, action, strength, urgency } = root === null ? fault : SYMPTOM;
  const rule = `${reason} (${source})`;
  const finding: Finding = {
    id: idOf({ ...seen, class: faultClass }, node, bootId),
    gpu: seen.gpu,
    class: faultClass,
    code: seen.code,
    strength,
    action,
    urgency,
    state: 'open',
    firstSeen: seen.at,
    lastSeen: seen.at,
    count: 1,
    evidence: [evidenceOf(seen), ...(witnesses === null ? [] : [evidenceOf({ ...seen, text: witnesses })])],
    rule: root === null ? rule : symptomRule(root, rule),
  };
  const isEvent = seen.source === KERNEL_LOG;
  const said = isEvent ? { saidAt: seen.at } : {};
  const entry = { finding, bootId, learnedAt: at, isEvent, burstAt: seen.at, ...said };
  const device = seen.device === undefined ? {} : { device: seen.device };
  return root === null ? { ...entry, ...device } : { ...entry, ...device, root };
}
const SYMPTOM = { class: 'follow', action: 'none', strength: 'soft', urgency: 'watch' } as const;

function idOf(
  { gpu, device, class: kind, code }: Pick<Finding, 'gpu' | 'class' | 'code'> & Pick<Seen, 'device'>,
  node: string,
  bootId: string,
): string {
  return findingId([node, gpu?.uuid ?? gpu?.pciBusId ?? device ?? '', kind, code, bootId]);
}

function symptomRule(root: string, rule: string): string {
  return `A symptom of ${root}. ${rule}`;
}

/** What was a finding of its own goes on as a symptom of a fault that came after it. */
export function symptomEntry(entry: LedgerEntry, root: string, node: string): LedgerEntry {
  const { finding, bootId, device } = entry;
  const place = device === undefined ? {} : { device };
  const id = idOf({ ...finding, ...place, class: SYMPTOM.class }, node, bootId);
  return { ...entry, root, finding: { ...finding, ...SYMPTOM, id, rule: symptomRule(root, finding.rule) } };
}

function evidenceOf({ at, source, text }: Pick<Seen, 'at' | 'source' | 'text'>): Evidence {
  return { at, source, text: text.slice(0, EVIDENCE_TEXT_MAX) };
}

/** The first and the newest. */
function withEvidence(evidence: readonly Evidence[], next: Evidence): readonly Evidence[] {
  const all = [...evidence, next];
  return all.length <= EVIDENCE_MAX ? all : [...all.slice(0, 1), ...all.slice(1 - EVIDENCE_MAX)];
}

/** Another line counts; another sample that reads the same does not. */
export function seeAgain(entry: LedgerEntry, seen: Seen, at: string): LedgerEntry {
  const { finding, busy: _busy, ...rest } = entry;
  const isEvent = seen.source === KERNEL_LOG;
  const newest = finding.evidence.findLast(({ source }) => source === seen.source);
  const isNews = isEvent
    ? newest === undefined || Math.abs(Date.parse(seen.at) - Date.parse(entry.burstAt)) > BURST_MS
    : newest?.text !== seen.text.slice(0, EVIDENCE_TEXT_MAX);
  return {
    ...(isEvent ? { ...rest, saidAt: later(entry.saidAt ?? '', seen.at) } : entry),
    learnedAt: at,
    isEvent: entry.isEvent || isEvent,
    burstAt: isEvent && isNews ? seen.at : entry.burstAt,
    finding: {
      ...finding,
      lastSeen: later(finding.lastSeen, seen.at),
      count: finding.count + (isEvent || isNews ? 1 : 0),
      evidence: isNews ? withEvidence(finding.evidence, evidenceOf(seen)) : finding.evidence,
    },
  };
}

/** Both are ISO 8601 in UTC, which sort as text. */
function later(a: string, b: string): string {
  return a > b ? a : b;
}

/** The proof is its last evidence. */
export function closedFinding({ finding }: LedgerEntry, proof: Evidence): Finding {
  return { ...finding, state: 'closed', evidence: withEvidence(finding.evidence, evidenceOf(proof)) };
}

/** Classes of which a reset is the proof: what a fresh start of the GPU mends, and what never outlives it. */
export const MENDED_BY_RESET: ReadonlySet<FaultClass> = new Set([
  'ignore',
  'app',
  'follow',
  'decode',
  'unclassified',
  'watch',
  'reset-at-next-window',
  // A GPU trains its links anew when it is reset: what is still wrong with one says so again.
  'domain',
  'reset',
]);
