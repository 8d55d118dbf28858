/**
 * Proofs that close what the kernel log said happened: the node has booted again, another board sits in the slot, the error
 * counters of the GPU have begun anew, or the GPU has worked for long without a repeat. None of them is age.
 */
import { known, valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import type { FaultClass } from '@trivet/shared/model/finding.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { AMD_SMI, NVIDIA_SMI } from './check.ts';
import type { Over, Seen } from './check.ts';
import { close } from './ledger-draft.ts';
import type { Draft } from './ledger-draft.ts';
import { MENDED_BY_RESET, areOfOneKind, isSameGpu } from './ledger-entry.ts';
import type { LedgerEntry, Where } from './ledger-entry.ts';
import { RECOVERY_PREFIX } from './recovery-action.ts';
import { isDescribed, sampledGpus } from './sampled-gpus.ts';
import { gpuKey } from './series.ts';

type SampledGpu = ReturnType<typeof sampledGpus>[number];

function toolOf({ vendor }: SampledGpu): string {
  return vendor === 'amd' ? AMD_SMI : NVIDIA_SMI;
}

export function isRecovery({ finding }: LedgerEntry): boolean {
  return finding.code.startsWith(RECOVERY_PREFIX);
}

/**
 * A new boot is the proof for everything that happened before it, but not for a board that has to be replaced. To learn for
 * the first time which boot it is proves no other.
 */
export function closeAfterBoot(draft: Draft, { bootId, at }: Where): void {
  const proof = { at, source: 'host', text: `closed: the node has booted again (boot id ${bootId})` };
  close(
    draft,
    proof,
    (entry) => entry.bootId !== bootId && entry.finding.class !== 'replace' && (entry.isEvent || isRecovery(entry)),
  );
}

/** The slot has another board, by a UUID of the same kind, and the board of the finding is nowhere in the node. */
export function closeReplaced(draft: Draft, samples: Samples, at: string): void {
  const gpus = sampledGpus(samples);
  for (const board of gpus) {
    const proof = { at, source: toolOf(board), text: 'closed: another board sits in its place' };
    close(draft, proof, ({ finding }) => {
      const { uuid = null, pciBusId = null } = finding.gpu ?? {};
      if (uuid === null || pciBusId === null || gpus.some((gpu) => gpu.uuid === uuid)) return false;
      return board.pciBusId === pciBusId && board.uuid !== null && areOfOneKind(board.uuid, uuid);
    });
  }
}

/** Findings of a GPU that did not start. */
const NOT_STARTED: ReadonlySet<string> = new Set(['nvrm.init-failed', 'amdgpu.init-failed', 'pcie.inaccessible']);

/** A GPU that answers the tool with good readings has started after all. */
export function closeStarted(draft: Draft, samples: Samples, sampledAt: string): void {
  for (const gpu of sampledGpus(samples)) {
    if (gpu.errorTexts.length > 0 || !isDescribed(gpu)) continue;
    const proof = { at: sampledAt, source: toolOf(gpu), text: 'closed: the GPU answers, all its readings are good' };
    close(
      draft,
      proof,
      ({ finding, learnedAt }) => NOT_STARTED.has(finding.code) && isSameGpu(finding.gpu, gpu) && learnedAt < sampledAt,
    );
  }
}

/**
 * The kernel log itself says so, in its order: what it said before is over. A hardware reset counts once the driver says that
 * it goes on with the GPU; it also says that it goes on where it needed no reset, which mends the hang alone.
 */
export function closeOver(draft: Draft, seen: Seen, over: Over): void {
  const proof = { at: seen.at, source: seen.source, text: `closed: ${seen.text}` };
  const isBefore = ({ finding, isEvent }: LedgerEntry): boolean => isEvent && finding.lastSeen <= seen.at;
  const isOfGpu = ({ finding }: LedgerEntry): boolean => isSameGpu(finding.gpu, seen.gpu);
  if ('isBoot' in over) {
    // By their order in the log: stamps of a boot that is over are often not to be read.
    close(draft, proof, ({ isEvent, finding }) => isEvent && finding.class !== 'replace');
    return;
  }
  if ('isReset' in over) {
    const isBegun = (entry: LedgerEntry): boolean => entry.finding.code === RESET_BEGUN && isOfGpu(entry);
    if (!draft.entries.some(isBegun)) return closeByReset(draft, (entry) => isBefore(entry) && isOfGpu(entry), proof);
    draft.entries = draft.entries.map((entry) => (isBegun(entry) ? { ...entry, resetAt: seen.at } : entry));
    return;
  }
  const isMeant = (entry: LedgerEntry): boolean =>
    over.ofAllGpus === true || (isOfGpu(entry) && entry.device === seen.device);
  const ended = close(
    draft,
    proof,
    (entry) => isBefore(entry) && isMeant(entry) && over.codes.includes(entry.finding.code),
  );
  for (const { resetAt } of ended) {
    if (resetAt === undefined) continue;
    closeByReset(draft, (entry) => isOfGpu(entry) && entry.finding.lastSeen <= resetAt, proof);
  }
}
const RESET_BEGUN = 'amdgpu.reset-begun';

/** A reset of the GPU that was seen, one way or another. */
function closeByReset(draft: Draft, isMeant: (entry: LedgerEntry) => boolean, proof: Proof): void {
  close(draft, proof, (entry) => entry.isEvent && MENDED_BY_RESET.has(entry.finding.class) && isMeant(entry));
}
type Proof = Parameters<typeof close>[1];

/** Error counters since the driver was loaded, as one sample showed them; null: not known. */
export interface VolatileCounters {
  readonly at: string;
  readonly values: readonly (number | null)[];
}

/** What MIG devices count goes with them: that such a sum falls proves no reset. */
function countersOf({ eccVolatile: ecc, migDevices }: NvidiaGpu): (number | null)[] {
  const uncorrectable = migDevices.length === 0 ? ecc.sramUncorrectable : { unknown: 'counted by MIG device' };
  const readings = [ecc.dramCorrectable, ecc.dramUncorrectable, ecc.sramCorrectable, uncorrectable];
  return readings.map((reading) => valueOf(reading) ?? null);
}

/** Nothing that the GPU shows asks for a reset still. */
function isGood(gpu: NvidiaGpu): boolean {
  const { errorTexts, recoveryAction, resetRequired, remapPending, retirementPending, persistenceMode } = gpu;
  // Without persistence mode the driver lets go of a GPU that nobody uses, and counts anew without a reset.
  if (!isDescribed(gpu) || valueOf(persistenceMode) !== true) return false;
  const asks = [resetRequired, remapPending, retirementPending].some((flag) => valueOf(flag) === true);
  return errorTexts.length === 0 && !asks && (!known(recoveryAction) || recoveryAction.value.toLowerCase() === 'none');
}

/**
 * Counters since the driver was loaded only fall when it is loaded, or the GPU reset, anew: between that sample and the one
 * before. What was known before the earlier one was there before the reset. Not for AMD: two tools count there, and amdgpu
 * says in its log that it has reset. Gives back what to remember.
 */
export function closeByCounters(
  draft: Draft,
  before: Readonly<Record<string, VolatileCounters>>,
  { samples, at }: { readonly samples: Samples; readonly at: string },
): Readonly<Record<string, VolatileCounters>> {
  const next = new Map(Object.entries(before));
  for (const gpu of samples.nvidia?.gpus ?? []) {
    const values = countersOf(gpu);
    const last = before[gpuKey(gpu)];
    next.set(gpuKey(gpu), { at, values });
    if (last === undefined || !isGood(gpu) || !hasFallen(last.values, values)) continue;
    const proof = { at, source: NVIDIA_SMI, text: 'closed: the GPU was reset (its volatile ECC counters began anew)' };
    closeByReset(draft, ({ finding, learnedAt }) => isSameGpu(finding.gpu, gpu) && learnedAt < last.at, proof);
  }
  return next.size > COUNTERS_MAX ? before : Object.fromEntries(next);
}
/** Far above the GPUs of a node; boards come and go. */
const COUNTERS_MAX = 256;

function hasFallen(before: readonly (number | null)[], now: readonly (number | null)[]): boolean {
  return before.some((value, index) => {
    const current = now[index] ?? null;
    return value !== null && current !== null && current < value;
  });
}

/** An hour of work: long enough for a fault of hardware under load to come back, short enough for an application's to go. */
const BUSY_PROOF_MS = 3_600_000;
/** Polls come every 10 s; over a longer gap nobody knows what the GPU did. */
const BUSY_GAP_MS = 120_000;
const OVER_WITHOUT_REPEAT: ReadonlySet<FaultClass> = new Set(['app', 'ignore', 'follow', 'decode', 'watch']);

/** Light faults of a GPU that has worked for an hour since, and did not show them again. */
export function closeAfterWork(draft: Draft, samples: Samples, at: string): void {
  const gpus = sampledGpus(samples);
  draft.entries = draft.entries.map((entry) => {
    const { gpu, class: kind } = entry.finding;
    const sampled = gpus.find((other) => isSameGpu(other, gpu));
    return sampled === undefined || !entry.isEvent || !OVER_WITHOUT_REPEAT.has(kind)
      ? entry
      : worked(entry, sampled, at);
  });
  const text = 'closed: the GPU has worked for an hour since, and it did not come again';
  for (const gpu of gpus) {
    const isOver = ({ finding, busy }: LedgerEntry): boolean =>
      busy !== undefined && busy.ms >= BUSY_PROOF_MS && isSameGpu(finding.gpu, gpu);
    close(draft, { at, source: toolOf(gpu), text }, isOver);
  }
}

function worked(entry: LedgerEntry, { utilizationRatio, errorTexts }: SampledGpu, at: string): LedgerEntry {
  const isBusy = (valueOf(utilizationRatio) ?? 0) > 0 && errorTexts.length === 0;
  const { ms, at: since } = entry.busy ?? { ms: 0, at: null };
  const passedMs = since === null ? 0 : Date.parse(at) - Date.parse(since);
  const counted = isBusy && passedMs > 0 && passedMs <= BUSY_GAP_MS ? passedMs : 0;
  return { ...entry, busy: { ms: ms + counted, at: isBusy ? at : null } };
}
