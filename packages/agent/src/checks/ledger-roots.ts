/**
 * Which lines are symptoms of which fault. A fault of hardware prints a chain of lines, on its own GPU and on others; all
 * are kept, and only the root is judged. A symptom may come before its root: it is attached when the root comes. Never is a
 * fault made a symptom that would weigh more than its root: a harmless cause hides no hard fault.
 */
import { catalogueEntry } from '@trivet/shared/health/catalogue/index.ts';
import { actionRank } from '@trivet/shared/model/finding.ts';
import type { FaultClass, Finding, GpuRef } from '@trivet/shared/model/finding.ts';
import { KERNEL_LOG } from './check.ts';
import type { Seen } from './check.ts';
import { BURST_MS, isSameGpu, symptomEntry } from './ledger-entry.ts';
import type { LedgerEntry, Where } from './ledger-entry.ts';
import { close } from './ledger-draft.ts';
import type { Draft } from './ledger-draft.ts';

/** NVSwitch lines and NVLink errors of the peers come up to 12 s (captured) after the GPU that left the bus. */
const CHAIN_MS = 30_000;

interface RootRule {
  readonly root: RegExp;
  readonly symptom: RegExp;
  /** How long before and after its root a symptom may come. */
  readonly beforeMs: number;
  readonly afterMs: number;
  /** `other`: wherever it is; `none`: of the same GPU, or of no GPU. */
  readonly gpu: 'same' | 'none' | 'other';
}

const LEFT_THE_BUS = /^(?:xid\.79|gpu\.lost|amdgpu\.lost)$/;
const NVLINK = /^(?:sxid\.\d+(?:\.fatal)?|xid\.(?:74|14[4-9]|150)(?:\.\w+)?)$/;

const RULES: readonly RootRule[] = [
  { root: LEFT_THE_BUS, symptom: NVLINK, beforeMs: 0, afterMs: CHAIN_MS, gpu: 'other' },
  {
    root: LEFT_THE_BUS,
    symptom: /^(?:pcie\.|nvrm\.(?:gpu-is-lost|probe-failed)$)/,
    beforeMs: CHAIN_MS,
    afterMs: CHAIN_MS,
    gpu: 'none',
  },
  {
    root: /^xid\.(?:149\.link|(?:14[4-9]|150)\.reset)$/,
    symptom: NVLINK,
    beforeMs: 0,
    afterMs: CHAIN_MS,
    gpu: 'other',
  },
  {
    root: /^xid\.(?:48(?:\.\w+)?|95|140)$/,
    symptom: /^xid\.(?:63|94|171|172)$/,
    beforeMs: BURST_MS,
    afterMs: BURST_MS,
    gpu: 'same',
  },
  { root: /^xid\./, symptom: /^xid\.4[35]$/, beforeMs: BURST_MS, afterMs: BURST_MS, gpu: 'same' },
  // The driver's own line that it has stopped printing them.
  {
    root: /^xid\.1(?:19|20)$/,
    symptom: /^nvrm\.gsp-rate-limited$/,
    beforeMs: BURST_MS,
    afterMs: CHAIN_MS,
    gpu: 'same',
  },
  {
    root: /^amdgpu\.(?:ras-fatal|lost)$/,
    symptom: /^amdgpu\.(?:smu-timeout|mes-timeout|ring-timeout|queues-stuck|ras-\w+)$/,
    beforeMs: BURST_MS,
    afterMs: CHAIN_MS,
    gpu: 'same',
  },
];

/** Classes that weigh nothing by themselves, or are for a person. */
const LIGHT: ReadonlySet<FaultClass> = new Set([
  'ignore',
  'app',
  'follow',
  'decode',
  'unclassified',
  'watch',
  'domain',
]);

type Weight = Pick<Finding, 'class' | 'strength' | 'action'>;

function weighsNoMore(symptom: Weight, root: Weight): boolean {
  if (LIGHT.has(symptom.class)) return true;
  const isAsStrong = actionRank(symptom.action) <= actionRank(root.action);
  return symptom.strength === 'soft' && root.strength === 'hard' && isAsStrong;
}

function isMeantGpu(rule: RootRule, root: GpuRef | null, symptom: GpuRef | null): boolean {
  if (rule.gpu === 'other') return true;
  return isSameGpu(root, symptom) || (rule.gpu === 'none' && symptom === null);
}

function isRoot({ isEvent, finding }: LedgerEntry): boolean {
  return isEvent && finding.class !== 'follow' && finding.class !== 'ignore';
}

/** Strongest first, so that a symptom of two goes to the one that decides. */
function byWeight(a: LedgerEntry, b: LedgerEntry): number {
  return actionRank(b.finding.action) - actionRank(a.finding.action);
}

/** The code of the open fault that this is a symptom of, or that its line names as its cause. */
export function rootOf(draft: Draft, seen: Seen): string | null {
  const weight = catalogueEntry(seen.code);
  if (seen.source !== KERNEL_LOG) return null;
  if (seen.causedBy !== undefined && seen.causedBy !== seen.code && LIGHT.has(weight.class)) {
    return namedRoot(draft, seen.causedBy, seen.gpu);
  }
  const at = Date.parse(seen.at);
  const roots = draft.entries.filter((entry) => {
    const { finding } = entry;
    const sinceMs = at - Date.parse(entry.saidAt ?? finding.lastSeen);
    return (
      isRoot(entry) &&
      finding.code !== seen.code &&
      weighsNoMore(weight, finding) &&
      RULES.some(
        (rule) =>
          rule.root.test(finding.code) &&
          rule.symptom.test(seen.code) &&
          sinceMs >= -rule.beforeMs &&
          sinceMs <= rule.afterMs &&
          isMeantGpu(rule, finding.gpu, seen.gpu),
      )
    );
  });
  return roots.toSorted(byWeight)[0]?.finding.code ?? null;
}

/** `xid.149` is named, `xid.149.link` is what was made of it. */
function namedRoot({ entries }: Draft, code: string, gpu: GpuRef | null): string {
  const known = entries.find(
    ({ finding }) => finding.code.startsWith(`${code}.`) && isSameGpu(finding.gpu, gpu) && finding.class !== 'follow',
  );
  return known?.finding.code ?? code;
}

/** A root has come, or come again: what came just before it and is its symptom is attached to it. */
export function attachEarlier(draft: Draft, root: LedgerEntry, where: Where): void {
  if (!isRoot(root)) return;
  const at = Date.parse(root.saidAt ?? root.finding.lastSeen);
  const rules = RULES.filter((rule) => rule.beforeMs > 0 && rule.root.test(root.finding.code));
  if (rules.length === 0) return;
  for (const entry of draft.entries) {
    const { finding } = entry;
    const isEarlier =
      entry !== root && entry.isEvent && entry.root === undefined && weighsNoMore(finding, root.finding);
    const isSymptom = rules.some(
      (rule) =>
        rule.symptom.test(finding.code) &&
        at - Date.parse(finding.firstSeen) <= rule.beforeMs &&
        Date.parse(finding.lastSeen) - at <= rule.afterMs &&
        isMeantGpu(rule, root.finding.gpu, finding.gpu),
    );
    if (isEarlier && isSymptom && finding.code !== root.finding.code) attach(draft, entry, root, where);
  }
}

function attach(draft: Draft, entry: LedgerEntry, root: LedgerEntry, where: Where): void {
  const { code } = root.finding;
  const symptom = symptomEntry(entry, code, where.node);
  // It condemned nobody before: the same finding now knows its root.
  if (symptom.finding.id === entry.finding.id) {
    draft.entries = draft.entries.map((other) => (other === entry ? symptom : other));
    return;
  }
  const twin = draft.entries.some(({ finding }) => finding.id === symptom.finding.id);
  const proof = { at: where.at, source: KERNEL_LOG, text: `closed: it is a symptom of ${code}, and goes on as such` };
  if (draft.openedIds.delete(entry.finding.id)) draft.entries = draft.entries.filter((other) => other !== entry);
  else close(draft, proof, (other) => other === entry);
  if (twin) return;
  draft.entries.push(symptom);
  draft.openedIds.add(symptom.finding.id);
}

/** What a GPU says when the other end of its link is a switch in trouble. */
const LINK_LOST = /^xid\.(?:45|74|79)(?:\.\w+)?$/;

/** A switch names no GPU: those that lost a link or their work in the same seconds are its evidence. Null: none did. */
export function witnessesOf({ entries }: Draft, seen: Seen): string | null {
  if (!seen.code.startsWith('sxid.')) return null;
  const at = Date.parse(seen.at);
  const named = entries.flatMap(({ finding }) => {
    const isNear = Math.abs(at - Date.parse(finding.lastSeen)) <= CHAIN_MS && LINK_LOST.test(finding.code);
    const name = finding.gpu?.pciBusId ?? finding.gpu?.uuid ?? null;
    return isNear && name !== null ? [`${name} (${finding.code})`] : [];
  });
  if (named.length === 0) return null;
  return `GPUs that lost a link or their work within ${CHAIN_MS / 1000} s: ${named.join(', ')}`;
}

/** Symptoms whose root was closed go with it. */
export function closeSymptoms(draft: Draft, at: string): void {
  const over = new Set(draft.closed.filter(({ class: kind }) => kind !== 'follow').map(({ code }) => code));
  for (const { finding } of draft.entries) if (finding.class !== 'follow') over.delete(finding.code);
  const isOver = ({ root }: LedgerEntry): boolean => root !== undefined && over.has(root);
  close(draft, { at, source: KERNEL_LOG, text: 'closed: the fault that it is a symptom of is over' }, isOver);
}
