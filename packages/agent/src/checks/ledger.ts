/**
 * The node's findings: what is open, since when, and on what evidence. Nothing closes by age, and nothing because a collector
 * fell silent. A condition closes when a good sample shows it gone. What the kernel log said happened closes by the proof
 * of its action (`ledger-proofs.ts`), or when the log itself says that it is over. A fault's symptoms are attached to it
 * (`ledger-roots.ts`) and close with it. Plain JSON, kept by the agent across restarts. Pure.
 */
import { catalogueEntry } from '@trivet/shared/health/catalogue/index.ts';
import { ACTIONS, actionRank } from '@trivet/shared/model/finding.ts';
import type { Finding, GpuRef } from '@trivet/shared/model/finding.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { KERNEL_LOG, NVIDIA_SMI } from './check.ts';
import type { Absent, Seen } from './check.ts';
import { close } from './ledger-draft.ts';
import type { Draft } from './ledger-draft.ts';
import { MENDED_BY_RESET, isSameGpu, openEntry, seeAgain } from './ledger-entry.ts';
import type { LedgerEntry, Where } from './ledger-entry.ts';
import {
  closeAfterBoot,
  closeAfterWork,
  closeByCounters,
  closeOver,
  closeReplaced,
  closeStarted,
  isRecovery,
} from './ledger-proofs.ts';
import type { VolatileCounters } from './ledger-proofs.ts';
import { attachEarlier, closeSymptoms, rootOf, witnessesOf } from './ledger-roots.ts';
import { RECOVERY_DONE, RECOVERY_PREFIX, RECOVERY_UNCLASSIFIED } from './recovery-action.ts';
import { sampledGpus } from './sampled-gpus.ts';

export interface Ledger {
  readonly version: 1;
  readonly bootId: string | null;
  readonly entries: readonly LedgerEntry[];
  /** UUID by bus id, of this boot: kernel lines name only the latter. */
  readonly uuids: { readonly [pciBusId: string]: string };
  /** Findings that there was no room for. */
  readonly dropped: number;
  /** By GPU, as last sampled: they only fall when the GPU is reset. */
  readonly counters?: Readonly<Record<string, VolatileCounters>>;
  /** As last sampled: the kernel log is read more often than the tool. */
  readonly driverVersion?: string | null;
}

export const EMPTY_LEDGER: Ledger = { version: 1, bootId: null, entries: [], uuids: {}, dropped: 0 };

/** Stands for the boot as long as the kernel does not tell which one it is. */
export const UNKNOWN_BOOT = 'unknown';

/** A node has at most 16 GPUs with a few findings each; more is a flood, and a report must fit into one frame of 1 MiB. */
export const LEDGER_MAX = 128;

export interface Application extends Where {
  /** In the order in which it happened (`runChecks`). */
  readonly seen: readonly Seen[];
  readonly absent: readonly Absent[];
  /** Those that the checks ran on. */
  readonly samples: Samples;
  /** When they were begun; `at` when nobody says. */
  readonly sampledAt?: string;
}

export interface Applied {
  readonly ledger: Ledger;
  /** Also those that the same input closed again. */
  readonly opened: readonly Finding[];
  readonly closed: readonly Finding[];
}

export function findings(ledger: Ledger): Finding[] {
  return ledger.entries.map(({ finding }) => finding);
}

/** What every look changes while nothing happens, `dropped` where there is no room. An older value only makes a proof wait longer. */
const BOOKKEEPING: ReadonlySet<string> = new Set(['learnedAt', 'lastSeen', 'busy', 'counters', 'dropped']);

/** Whether a kill between the two would lose something that is worth a write. */
export function isLedgerNews(before: Ledger, after: Ledger): boolean {
  const print = (ledger: Ledger): string =>
    JSON.stringify(ledger, (key, value: unknown) => (BOOKKEEPING.has(key) ? undefined : value));
  return print(before) !== print(after);
}

export function applySeen(ledger: Ledger, application: Application): Applied {
  const { bootId, at, samples } = application;
  const isSameBoot = ledger.bootId === bootId;
  const driverVersion = samples.nvidia?.driverVersion ?? (isSameBoot ? ledger.driverVersion : null) ?? null;
  const draft: Draft = {
    entries: ledger.entries.map((entry) => (entry.bootId === UNKNOWN_BOOT ? { ...entry, bootId } : entry)),
    uuids: isSameBoot ? { ...ledger.uuids } : {},
    dropped: ledger.dropped,
    closed: [],
    openedIds: new Set(),
  };
  closeAfterBoot(draft, application);
  closeReplaced(draft, samples, at);
  closeStarted(draft, samples, application.sampledAt ?? at);
  learnUuids(draft, samples, bootId);
  const counters = closeByCounters(draft, ledger.counters ?? {}, application);
  for (const seen of application.seen) see(draft, { ...seen, gpu: withUuid(seen.gpu, draft.uuids) }, application);
  for (const absent of application.absent) {
    const proof = { at, source: absent.source ?? NVIDIA_SMI, text: 'closed: a good reading shows that it is over' };
    close(draft, proof, ({ finding, device, isEvent, learnedAt }) => {
      const isMeant = finding.code === absent.code && isSameGpu(finding.gpu, absent.gpu) && device === absent.device;
      return isMeant && !isEvent && learnedAt < absent.at;
    });
  }
  closeAfterWork(draft, samples, at);
  closeSymptoms(draft, at);
  const { entries, uuids, dropped, closed, openedIds } = draft;
  const open = entries.map(({ finding }) => finding);
  const isStillOpen = new Set(open.map(({ id }) => id));
  const overAlready = closed.filter(({ id }) => !isStillOpen.has(id));
  return {
    ledger: { version: 1, bootId, entries, uuids, dropped, counters, driverVersion },
    opened: [...open, ...overAlready].filter(({ id }) => openedIds.has(id)),
    closed,
  };
}

/** Also for findings of this boot that were opened before the UUID was known; of another boot the board may have changed. */
function learnUuids(draft: Draft, samples: Samples, bootId: string): void {
  for (const { pciBusId, uuid } of sampledGpus(samples)) {
    if (pciBusId !== null && uuid !== null) draft.uuids[pciBusId] = uuid;
  }
  draft.entries = draft.entries.map((entry) => {
    const gpu = withUuid(entry.finding.gpu, draft.uuids);
    if (entry.bootId !== bootId || gpu === entry.finding.gpu) return entry;
    return { ...entry, finding: { ...entry.finding, gpu } };
  });
}

function withUuid(gpu: GpuRef | null, uuids: Draft['uuids']): GpuRef | null {
  if (gpu === null || gpu.uuid !== null || gpu.pciBusId === null) return gpu;
  const uuid = uuids[gpu.pciBusId];
  return uuid === undefined ? gpu : { ...gpu, uuid };
}

function see(draft: Draft, seen: Seen, where: Where): void {
  if (seen.over !== undefined) return closeOver(draft, seen, seen.over);
  if (seen.code.startsWith(RECOVERY_PREFIX) && seen.code !== RECOVERY_UNCLASSIFIED) supersedeRecovery(draft, seen);
  if (seen.code === RECOVERY_DONE) return;
  const root = rootOf(draft, seen);
  const isSame = ({ finding, device }: LedgerEntry) =>
    finding.code === seen.code &&
    isSameGpu(finding.gpu, seen.gpu) &&
    device === seen.device &&
    (finding.class === 'follow') === isFollow(seen, root);
  const known = draft.entries.findIndex((entry) => entry.bootId === where.bootId && isSame(entry));
  const entry = draft.entries[known];
  if (entry !== undefined) {
    const again = seeAgain(entry, seen, where.at);
    draft.entries[known] = again;
    return seen.source === KERNEL_LOG ? attachEarlier(draft, again, where) : undefined;
  }
  // The same condition after a boot is another finding.
  const proof = { at: where.at, source: seen.source, text: 'closed: seen again after a boot, as another finding' };
  close(draft, proof, (old) => old.bootId !== where.bootId && !old.isEvent && isSame(old));
  const opened = openEntry(seen, root, where, witnessesOf(draft, seen));
  add(draft, opened);
  attachEarlier(draft, opened, where);
}

function isFollow(seen: Seen, root: string | null): boolean {
  return root !== null || catalogueEntry(seen.code).class === 'follow';
}

/** Room for the strongest: a flood of harmless codes never hides a hard fault. */
function add(draft: Draft, entry: LedgerEntry): void {
  draft.entries.push(entry);
  draft.openedIds.add(entry.finding.id);
  if (draft.entries.length <= LEDGER_MAX) return;
  const weakest = draft.entries.reduce((a, b) => (weight(b) <= weight(a) ? b : a));
  draft.entries = draft.entries.filter((other) => other !== weakest);
  draft.dropped += 1;
}

const CONDEMNS = actionRank('drain-and-reset');

/** What may drain alone outweighs all that may not, as in `verdict.ts`. */
function weight({ finding: { action, strength } }: LedgerEntry): number {
  const isHard = strength === 'hard';
  const rank = actionRank(action);
  return Number(isHard && rank >= CONDEMNS) * ACTIONS.length * 2 + rank * 2 + Number(isHard);
}

/**
 * The driver's newest verdict on a GPU replaces the one before. When it had asked for a reset or a reboot and now asks for
 * nothing, the GPU has had its fresh start. "None" alone proves no reset: a driver may never have asked for one.
 */
function supersedeRecovery(draft: Draft, seen: Seen): void {
  // A sample disproves only what was known before it was begun; lines come in their order.
  const isBefore = ({ learnedAt, finding }: LedgerEntry) =>
    seen.source === KERNEL_LOG ? finding.lastSeen <= seen.at : learnedAt < seen.at;
  const isOfGpu = ({ finding }: LedgerEntry) => isSameGpu(finding.gpu, seen.gpu);
  const proof = { at: seen.at, source: seen.source, text: `closed: ${seen.text}` };
  const withdrawn = close(
    draft,
    proof,
    (entry) => isRecovery(entry) && isOfGpu(entry) && entry.finding.code !== seen.code && isBefore(entry),
  );
  const wasReset = withdrawn.some(({ finding }) => finding.class === 'reset' || finding.class === 'reboot');
  if (seen.code !== RECOVERY_DONE || !wasReset) return;
  close(
    draft,
    proof,
    (entry) => entry.isEvent && isOfGpu(entry) && MENDED_BY_RESET.has(entry.finding.class) && isBefore(entry),
  );
}
