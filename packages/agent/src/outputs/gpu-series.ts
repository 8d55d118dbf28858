/**
 * How GPUs become series: one name for both vendors where they mean the same, in base units, with the same labels. A reading
 * that is not known has no series, a flag is 0 or 1, a word is a label of a series that is 1, out of a closed list.
 */
import type { Family } from '@trivet/shared/exposition/text.ts';
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { known, valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';
import type { Samples } from '@trivet/shared/model/report.ts';

export type Labels = Readonly<Record<string, string>>;
export type Read<Gpu> = (gpu: Gpu) => Reading<number> | Reading<boolean>;

/** How each vendor's board answers; a vendor that is left out does not. */
export interface Reads {
  readonly nvidia?: Read<NvidiaGpu>;
  readonly amd?: Read<AmdGpu>;
}
/** Without the prefix `trivet_gpu_`. */
export type Row = readonly [name: string, type: Family['type'], help: string, reads: Reads];

export function gpuLabels(gpu: NvidiaGpu | AmdGpu): Labels {
  const minor = gpu.vendor === 'nvidia' ? String(gpu.minorNumber ?? '') : '';
  return { uuid: gpu.uuid ?? '', pci_bus_id: gpu.pciBusId ?? '', minor };
}

type Sample = Family['samples'][number];

function sampleOf(labels: Labels, reading: Reading<number | boolean>): Sample[] {
  return known(reading) ? [{ labels, value: Number(reading.value) }] : [];
}

function eachGpu(
  { nvidia, amd }: Samples,
  read: { nvidia?: (gpu: NvidiaGpu) => Sample[]; amd?: (gpu: AmdGpu) => Sample[] },
): Sample[] {
  return [
    ...(read.nvidia === undefined ? [] : (nvidia?.gpus ?? []).flatMap(read.nvidia)),
    ...(read.amd === undefined ? [] : (amd?.gpus ?? []).flatMap(read.amd)),
  ];
}

export function rowFamilies(rows: readonly Row[], samples: Samples): Family[] {
  return rows.map(([name, type, help, { nvidia, amd }]) => ({
    name: `trivet_gpu_${name}`,
    type,
    help,
    samples: eachGpu(samples, {
      ...(nvidia === undefined ? {} : { nvidia: (gpu) => sampleOf(gpuLabels(gpu), nvidia(gpu)) }),
      ...(amd === undefined ? {} : { amd: (gpu) => sampleOf(gpuLabels(gpu), amd(gpu)) }),
    }),
  }));
}

/** One of several series of a GPU, told apart by more labels. */
export interface Part {
  readonly labels: Labels;
  readonly reading: Reading<number> | Reading<boolean>;
}
export interface Parts {
  readonly nvidia?: (gpu: NvidiaGpu) => readonly Part[];
  readonly amd?: (gpu: AmdGpu) => readonly Part[];
}
export type PartRow = readonly [name: string, type: Family['type'], help: string, parts: Parts];

export function partFamilies(rows: readonly PartRow[], samples: Samples): Family[] {
  return rows.map(([name, type, help, { nvidia, amd }]) => {
    const spread = (gpu: NvidiaGpu | AmdGpu, parts: readonly Part[]): Sample[] =>
      parts.flatMap(({ labels, reading }) => sampleOf({ ...gpuLabels(gpu), ...labels }, reading));
    return {
      name: `trivet_gpu_${name}`,
      type,
      help,
      samples: eachGpu(samples, {
        ...(nvidia === undefined ? {} : { nvidia: (gpu) => spread(gpu, nvidia(gpu)) }),
        ...(amd === undefined ? {} : { amd: (gpu) => spread(gpu, amd(gpu)) }),
      }),
    };
  });
}

/**
 * A word of the tool as a label: lower case, with hyphens. Words come from the tool, and a label may take few values only: what is
 * not in the list is `other`.
 */
export function wordPart(label: string, words: readonly string[], reading: Reading<string>): Part[] {
  const word = valueOf(reading)
    ?.trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-');
  if (word === undefined) return [];
  return [{ labels: { [label]: words.includes(word) ? word : 'other' }, reading: { value: true } }];
}

/** A flag as a reading, where another reading decides whether it is told. */
export function map<From, To>(reading: Reading<From>, change: (value: From) => To): Reading<To> {
  return known(reading) ? { value: change(reading.value) } : reading;
}

export function single(name: string, type: Family['type'], help: string, value: number): Family {
  return { name, type, help, samples: [{ labels: {}, value }] };
}
