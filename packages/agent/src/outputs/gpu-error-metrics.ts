/** Errors that GPUs count, and what was done about them: ECC, by place and by part of the chip, remapped rows, retired pages. */
import type { Family } from '@trivet/shared/exposition/text.ts';
import type { AmdErrorCounts, AmdGpu } from '@trivet/shared/model/amd.ts';
import { ABSENT, NOT_AVAILABLE, known } from '@trivet/shared/model/gpu.ts';
import type { EccCounts, NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { map, partFamilies, rowFamilies } from './gpu-series.ts';
import type { Part, PartRow, Row } from './gpu-series.ts';

/** Of counters that are kept apart. What a board does not have is left out; one that could not be read voids the sum. */
function sum(readings: readonly Reading<number>[]): Reading<number> {
  const isGap = (reading: Reading<number>): boolean =>
    !known(reading) && reading.unknown !== ABSENT && reading.unknown !== NOT_AVAILABLE;
  const gap = readings.find(isGap);
  const values = readings.filter(known);
  if (gap !== undefined || values.length === 0) return gap ?? { unknown: NOT_AVAILABLE };
  return { value: values.reduce((total, { value }) => total + value, 0) };
}

function eccParts({ dramCorrectable, dramUncorrectable, sramCorrectable, sramUncorrectable }: EccCounts): Part[] {
  return [
    { labels: { memory: 'dram', type: 'correctable' }, reading: dramCorrectable },
    { labels: { memory: 'dram', type: 'uncorrectable' }, reading: dramUncorrectable },
    { labels: { memory: 'sram', type: 'correctable' }, reading: sramCorrectable },
    { labels: { memory: 'sram', type: 'uncorrectable' }, reading: sramUncorrectable },
  ];
}

/** Memory is one block (UMC), the memories inside the chip are the others; links between chips are neither. */
const AMD_LINKS: ReadonlySet<string> = new Set(['XGMI_WAFL', 'PCIE_BIF', 'BIF']);

function amdEccParts({ ras }: AmdGpu): Part[] {
  const of = (memory: string, isIn: (block: string) => boolean): Part[] => {
    const blocks = ras.filter(({ block }) => isIn(block));
    return (['correctable', 'uncorrectable'] as const).map((type) => ({
      labels: { memory, type },
      reading: sum(blocks.map((block) => block[type])),
    }));
  };
  return [
    ...of('dram', (block) => block === 'UMC'),
    ...of('sram', (block) => block !== 'UMC' && !AMD_LINKS.has(block)),
  ];
}

function rasParts({ ras }: AmdGpu): Part[] {
  const types = ['correctable', 'uncorrectable', 'deferred'] as const;
  return ras.flatMap((block) =>
    types.map((type) => ({ labels: { block: block.block.toLowerCase(), type }, reading: block[type] })),
  );
}

export function nvidiaTotal(lifetime: 'eccVolatile' | 'eccAggregate', type: 'Correctable' | 'Uncorrectable') {
  return ({ [lifetime]: counts }: NvidiaGpu): Reading<number> => sum([counts[`dram${type}`], counts[`sram${type}`]]);
}

function amdTotal(type: keyof AmdErrorCounts) {
  return ({ eccTotal }: AmdGpu): Reading<number> => eccTotal[type];
}

const ECC: readonly PartRow[] = [
  [
    'ecc_volatile_errors_total',
    'counter',
    'ECC errors since the driver was loaded.',
    { nvidia: ({ eccVolatile }) => eccParts(eccVolatile), amd: amdEccParts },
  ],
  [
    'ecc_aggregate_errors_total',
    'counter',
    'ECC errors since the board was made.',
    { nvidia: ({ eccAggregate }) => eccParts(eccAggregate) },
  ],
  [
    'ecc_sram_uncorrectable_source_errors_total',
    'counter',
    'Uncorrectable SRAM errors since the board was made, by place.',
    {
      nvidia: ({ sramSources }) =>
        Object.entries(sramSources).map(([source, reading]): Part => ({ labels: { source }, reading })),
    },
  ],
  ['ras_block_errors_total', 'counter', 'Errors since the driver was loaded, by part of the chip.', { amd: rasParts }],
];

const MEMORY: readonly Row[] = [
  [
    'ecc_correctable_errors_total',
    'counter',
    'Correctable errors since the driver was loaded.',
    { nvidia: nvidiaTotal('eccVolatile', 'Correctable'), amd: amdTotal('correctable') },
  ],
  [
    'ecc_uncorrectable_errors_total',
    'counter',
    'Uncorrectable errors since the driver was loaded.',
    { nvidia: nvidiaTotal('eccVolatile', 'Uncorrectable'), amd: amdTotal('uncorrectable') },
  ],
  [
    'ecc_deferred_errors_total',
    'counter',
    'Errors noticed and not yet used, since the driver was loaded.',
    { amd: amdTotal('deferred') },
  ],
  ['ecc_mode_enabled', 'gauge', 'ECC is on.', { nvidia: (gpu) => gpu.eccModeCurrent, amd: (gpu) => gpu.eccMode }],
  ['ecc_mode_pending_enabled', 'gauge', 'ECC is on after the next reset.', { nvidia: (gpu) => gpu.eccModePending }],
  [
    'ecc_sram_threshold_exceeded',
    'gauge',
    'SRAM errors exceed the threshold.',
    { nvidia: (gpu) => gpu.sramThresholdExceeded },
  ],
  [
    'channel_repair_pending',
    'gauge',
    'A channel repair waits for a reset.',
    { nvidia: (gpu) => gpu.channelRepairPending },
  ],
  ['tpc_repair_pending', 'gauge', 'A TPC repair waits for a reset.', { nvidia: (gpu) => gpu.tpcRepairPending }],
  ['unrepairable_memory', 'gauge', 'Memory cannot be repaired.', { nvidia: (gpu) => gpu.unrepairableMemory }],
  [
    'remapped_rows_correctable',
    'gauge',
    'Rows remapped for correctable errors.',
    { nvidia: (gpu) => gpu.remappedRowsCorrectable },
  ],
  [
    'remapped_rows_uncorrectable',
    'gauge',
    'Rows remapped for uncorrectable errors.',
    { nvidia: (gpu) => gpu.remappedRowsUncorrectable },
  ],
  [
    'remapped_rows_correctable_inactive',
    'gauge',
    'Of them not in use yet.',
    { nvidia: (gpu) => gpu.remappedRowsCorrectableInactive },
  ],
  [
    'remapped_rows_uncorrectable_inactive',
    'gauge',
    'Of them not in use yet.',
    { nvidia: (gpu) => gpu.remappedRowsUncorrectableInactive },
  ],
  ['remapped_rows_pending', 'gauge', 'A row remapping waits for a reset.', { nvidia: (gpu) => gpu.remapPending }],
  ['remapped_rows_failure', 'gauge', 'A row remapping failed.', { nvidia: (gpu) => gpu.remapFailure }],
  [
    'retired_pages',
    'gauge',
    'Pages of memory taken out of use.',
    {
      nvidia: (gpu) => sum([gpu.retiredPagesSingleBit, gpu.retiredPagesDoubleBit]),
      amd: (gpu) => gpu.badPagesRetired,
    },
  ],
  [
    'retired_pages_single_bit',
    'gauge',
    'Pages retired for single-bit errors.',
    { nvidia: (gpu) => gpu.retiredPagesSingleBit },
  ],
  [
    'retired_pages_double_bit',
    'gauge',
    'Pages retired for double-bit errors.',
    { nvidia: (gpu) => gpu.retiredPagesDoubleBit },
  ],
  [
    'retired_pages_pending',
    'gauge',
    'A page retirement waits for a reset.',
    { nvidia: (gpu) => gpu.retirementPending, amd: (gpu) => map(gpu.badPagesPending, (pages) => pages > 0) },
  ],
  ['bad_pages_pending', 'gauge', 'Bad pages that wait for a reset.', { amd: (gpu) => gpu.badPagesPending }],
  ['bad_pages_unreservable', 'gauge', 'Bad pages still in use.', { amd: (gpu) => gpu.badPagesUnreservable }],
  ['bad_page_threshold', 'gauge', 'Bad pages that the board may have.', { amd: (gpu) => gpu.badPageThreshold }],
  ['bad_page_threshold_exceeded', 'gauge', 'More bad pages than that.', { amd: (gpu) => gpu.badPageThresholdExceeded }],
];

export function errorFamilies(samples: Samples): Family[] {
  return [...partFamilies(ECC, samples), ...rowFamilies(MEMORY, samples)];
}
