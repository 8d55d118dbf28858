/** What the subcommands of amd-smi said, put together: logical GPUs matched by their number, then boards by PCI address. */
import { known, valueOf } from '@trivet/shared/model/gpu.ts';
import type { AmdGpu, AmdSample } from '@trivet/shared/model/amd.ts';
import { GPUS_MAX } from '@trivet/shared/protocol/limits.ts';
import { toGpu } from './amd-gpu.ts';
import type { LogicalGpu } from './amd-logical.ts';
import { field } from './amd-json.ts';
import type { JsonObject } from './amd-json.ts';
import { count, identifier, valueAt } from './amd-reading.ts';
import { normaliseBusId } from './nvidia-list.ts';

/** The subcommands, by the names under which `amd-gpu.ts` knows them; null: not asked, or no answer. */
export const SECTIONS = ['metric', 'list', 'static', 'pages', 'links'] as const;
export type Section = (typeof SECTIONS)[number];
export type Sections = Readonly<Record<Section, readonly JsonObject[] | null>>;

export interface Put {
  readonly sample: AmdSample;
  /** What is missing from it. */
  readonly gaps: readonly string[];
}

export function toAmdSample(sections: Sections): Put {
  const all = logicalGpus(sections);
  const gpus = withoutSharedUuids(boardsOf(all).map(toGpu));
  const driverVersion = identifier(all.map(({ entry }) => valueAt(entry, 'static/driver/version')));
  const sample: AmdSample = { tool: 'amd-smi', driverVersion, gpus };
  return { sample, gaps: [...unmatched(sections), ...gapsOf(gpus)] };
}

/** The tool's number of a GPU; where it gives none, its place in the list. */
export function indexOf(entry: JsonObject, position: number): number {
  const gpu = field(entry, 'gpu');
  const given = gpu === undefined ? null : valueOf(count(gpu));
  return given ?? position;
}

function logicalGpus(sections: Sections): LogicalGpu[] {
  const byIndex = new Map<number, { [section: string]: JsonObject }>();
  for (const section of SECTIONS) {
    for (const [position, entry] of (sections[section] ?? []).entries()) {
      const index = indexOf(entry, position);
      const found = byIndex.get(index) ?? {};
      byIndex.set(index, found);
      // Of two entries with one number the first counts; `unmatched` tells of the other.
      found[section] ??= entry;
    }
  }
  // More than a report may carry; `gapsOf` tells that some are missing.
  return [...byIndex]
    .sort(([a], [b]) => a - b)
    .slice(0, GPUS_MAX)
    .map(([index, entry]) => toLogical(index, entry));
}

function toLogical(index: number, entry: JsonObject): LogicalGpu {
  const places = ['list/bdf', 'list/gpu_bdf', 'static/bus/bdf', 'links/bdf'].map((path) => valueAt(entry, path).value);
  const busIds = places.map((value) => (typeof value === 'string' ? normaliseBusId(value) : null));
  const ids = ['list/partition_id', 'static/partition/partition_id'].map((path) => valueAt(entry, path).value);
  const partitionId = ids
    .map((id) => (id === undefined ? undefined : valueOf(count(id))))
    .find((id) => id !== undefined);
  return { index, partitionId: partitionId ?? null, pciBusId: busIds.find((id) => id !== null) ?? null, entry };
}

/**
 * Logical GPUs of one board share its PCI address, or have the number of the partition in the place of the PCI function (`.1`):
 * no AMD board has a second GPU among its functions, of which 1 is its sound device.
 */
export function boardsOf(logical: readonly LogicalGpu[]): LogicalGpu[][] {
  const boards = new Map<string, LogicalGpu[]>();
  for (const gpu of logical) {
    const key = gpu.pciBusId?.replace(/\.[0-9a-f]$/, '') ?? `#${gpu.index}`;
    boards.set(key, [...(boards.get(key) ?? []), gpu]);
  }
  return [...boards.values()].map((board) => board.toSorted(isBefore));
}

/** Function 0 is the board's own. */
function isBefore(a: LogicalGpu, b: LogicalGpu): number {
  return (a.partitionId ?? 0) - (b.partitionId ?? 0) || ((a.pciBusId ?? '') < (b.pciBusId ?? '') ? -1 : 1);
}

/** A UUID that two boards claim identifies neither: they keep their bus ids. */
export function withoutSharedUuids(gpus: readonly AmdGpu[]): AmdGpu[] {
  const isShared = ({ uuid }: AmdGpu): boolean => uuid !== null && gpus.filter((gpu) => gpu.uuid === uuid).length > 1;
  return gpus.map((gpu) => (isShared(gpu) ? { ...gpu, uuid: null } : gpu));
}

/** GPUs that one subcommand names and another does not. */
function unmatched(sections: Sections): string[] {
  const indexes = (section: Section): ReadonlySet<number> | null => {
    const entries = sections[section];
    return entries === null ? null : new Set(entries.map(indexOf));
  };
  const measured = indexes('metric') ?? new Set<number>();
  const gaps: string[] = [];
  for (const section of ['list', 'static'] as const) {
    const named = indexes(section);
    if (named === null) continue;
    for (const index of named)
      if (!measured.has(index)) gaps.push(`GPU ${index}: in \`${section}\`, not in \`metric\``);
    for (const index of measured)
      if (!named.has(index)) gaps.push(`GPU ${index}: in \`metric\`, not in \`${section}\``);
  }
  for (const section of SECTIONS) {
    const entries = sections[section] ?? [];
    if (new Set(entries.map(indexOf)).size < entries.length) gaps.push(`\`${section}\` has two GPUs of one number`);
  }
  return gaps;
}

/** What is missing, whichever of the two tools answered. */
export function gapsOf(gpus: readonly AmdGpu[]): string[] {
  const gaps = gpus.length === 0 ? ['no GPU is described'] : [];
  const logical = gpus.reduce((sum, { partitions }) => sum + partitions.length, 0);
  if (logical >= GPUS_MAX) gaps.push(`${GPUS_MAX} GPUs or more: no node has so many`);
  for (const gpu of gpus) {
    const name = gpu.pciBusId ?? gpu.partitions.map(({ index }) => index).join(',');
    if (gpu.pciBusId === null) gaps.push(`GPU ${name}: without a PCI address`);
    if (!isDescribed(gpu)) gaps.push(`GPU ${name}: named, but neither temperature nor memory is given`);
    gaps.push(...gpu.errorTexts.map((text) => `GPU ${name}: ${text}`));
    if (gpu.partitions.length > 1 && !isPartitioned(gpu))
      gaps.push(`GPU ${name}: described ${gpu.partitions.length} times, and no partition explains it`);
  }
  return gaps;
}

/** Every board that was ever seen has one of them; without any it has not been looked at. */
function isDescribed(gpu: AmdGpu): boolean {
  const { edgeCelsius, hotspotCelsius, memoryCelsius, memoryUsedBytes } = gpu;
  return [edgeCelsius, hotspotCelsius, memoryCelsius, memoryUsedBytes].some(known) || gpu.errorTexts.length > 0;
}

function isPartitioned({ partitions, computePartition }: AmdGpu): boolean {
  const ids = new Set(partitions.map(({ partitionId }) => partitionId));
  const isNumbered = ids.size === partitions.length && !ids.has(null);
  return isNumbered || (known(computePartition) && /^(CPX|DPX|TPX|QPX)$/i.test(computePartition.value));
}
