/**
 * One AMD board from what amd-smi says of its logical GPUs. Paths are `section/…`, a section being a subcommand of amd-smi; every
 * key is one that some release prints (amdsmi_cli/amdsmi_commands.py of 6.1 to 7.1, where a renamed key has both names).
 */
import { AMD_THROTTLE_CAUSES } from '@trivet/shared/model/amd.ts';
import type { AmdGpu, AmdThrottle, AmdThrottleCause } from '@trivet/shared/model/amd.ts';
import { NOT_AVAILABLE, known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import { AMD_BLOCKS_MAX } from '@trivet/shared/protocol/limits.ts';
import { isList } from './amd-json.ts';
import { at, counter, of } from './amd-logical.ts';
import type { LogicalGpu } from './amd-logical.ts';
import { badPages, errorTexts, errors } from './amd-memory.ts';
import {
  celsius,
  count,
  flag,
  gigatransfers,
  megabits,
  highest,
  identifier,
  joules,
  lanes,
  mebibytes,
  megahertz,
  percent,
  text,
  watts,
} from './amd-reading.ts';
import type { Parse } from './amd-reading.ts';

/** The logical GPUs of one board, the first partition first: where it has a reading, that one stands for the board. */
export function toGpu(board: readonly LogicalGpu[]): AmdGpu {
  return {
    vendor: 'amd',
    ...identity(board),
    errorTexts: board.flatMap(errorTexts).slice(0, AMD_BLOCKS_MAX),
    ...errors(board),
    implausible: [],
    ...badPages(board),
    ...temperatures(board),
    ...load(board),
    ...pcie(board),
    ...throttling(board),
    ...xgmi(board),
  };
}

/** Where the library cannot tell a UUID, `list` has its error text instead, which has blanks. */
function uuidOf(board: readonly LogicalGpu[]): string | null {
  const named = identifier(at(board, 'list/uuid', 'list/gpu_uuid').filter(({ value }) => /^\S+$/.test(String(value))));
  // As rocm-smi writes it.
  return named ?? identifier(at(board, 'static/asic/asic_serial'))?.toLowerCase() ?? null;
}

/** Where the machine's PCI database does not know the board, its name is that of the maker. */
function modelOf(board: readonly LogicalGpu[]): string | null {
  const places = at(board, 'static/asic/market_name', 'static/board/product_name');
  return identifier(places.filter(({ value }) => !/^Advanced Micro Devices/i.test(String(value))));
}

const VBIOS = ['vbios', 'ifwi'].flatMap((key) =>
  ['version', 'part_number', 'name'].map((part) => `static/${key}/${part}`),
);

function identity(board: readonly LogicalGpu[]) {
  return {
    uuid: uuidOf(board),
    pciBusId: board.find(({ pciBusId }) => pciBusId !== null)?.pciBusId ?? null,
    // The chip's own number comes last: boards without a programmed FRU have nothing better.
    serial: identifier(at(board, 'static/board/product_serial', 'static/asic/asic_serial')),
    model: modelOf(board),
    // 7.1 calls it IFWI.
    vbios: identifier(at(board, ...VBIOS)),
    partitions: board.map(({ index, partitionId }) => ({ index, partitionId })),
    // `compute_partition` is `accelerator_partition` in some releases, and `partition` is gone from `static` in 7.0.
    computePartition: of(board, text, 'static/partition/compute_partition', 'static/partition/accelerator_partition'),
    memoryPartition: of(board, text, 'static/partition/memory_partition'),
  };
}

function temperatures(board: readonly LogicalGpu[]) {
  const limit = (name: string): Reading<number> => of(board, celsius, `static/limit/${name}_temperature`);
  return {
    edgeCelsius: of(board, celsius, 'metric/temperature/edge'),
    hotspotCelsius: of(board, celsius, 'metric/temperature/hotspot'),
    memoryCelsius: of(board, celsius, 'metric/temperature/mem'),
    edgeSlowdownCelsius: limit('slowdown_edge'),
    hotspotSlowdownCelsius: limit('slowdown_hotspot'),
    memorySlowdownCelsius: limit('slowdown_vram'),
    edgeShutdownCelsius: limit('shutdown_edge'),
    hotspotShutdownCelsius: limit('shutdown_hotspot'),
    memoryShutdownCelsius: limit('shutdown_vram'),
  };
}

/** `AMDSMI_DEV_PERF_LEVEL_AUTO` → `auto`, as rocm-smi says it. */
const level: Parse<string> = (value) => {
  const said = text(value);
  return known(said) ? { value: said.value.replace(/^AMDSMI_DEV_PERF_LEVEL_/, '').toLowerCase() } : said;
};

function load(board: readonly LogicalGpu[]) {
  return {
    powerWatts: of(board, watts, 'metric/power/socket_power'),
    // Since 7.1 one limit for each of two time spans, the longer of which (ppt0) is what used to be the limit.
    powerLimitWatts: of(board, watts, 'static/limit/socket_power', 'static/limit/ppt0/socket_power_limit'),
    energyJoules: of(board, joules, 'metric/energy/total_energy_consumption'),
    utilizationRatio: of(board, percent, 'metric/usage/gfx_activity'),
    memoryUtilizationRatio: of(board, percent, 'metric/usage/umc_activity'),
    memoryTotalBytes: of(board, mebibytes, 'metric/mem_usage/total_vram', 'static/vram/size'),
    memoryUsedBytes: of(board, mebibytes, 'metric/mem_usage/used_vram'),
    memoryFreeBytes: of(board, mebibytes, 'metric/mem_usage/free_vram'),
    clockGfxHertz: of(board, megahertz, 'metric/clock/gfx_0/clk'),
    clockMemoryHertz: of(board, megahertz, 'metric/clock/mem_0/clk'),
    fanRatio: of(board, percent, 'metric/fan/usage'),
    performanceLevel: of(board, level, 'metric/perf_level'),
  };
}

function pcie(board: readonly LogicalGpu[]) {
  return {
    pcieLinkWidth: of(board, lanes, 'metric/pcie/width'),
    pcieLinkWidthMax: of(board, lanes, 'static/bus/max_pcie_width'),
    pcieTransfersPerSecond: of(board, gigatransfers, 'metric/pcie/speed'),
    pcieTransfersPerSecondMax: of(board, gigatransfers, 'static/bus/max_pcie_speed'),
    pcieBytesPerSecond: of(board, megabits, 'metric/pcie/bandwidth'),
    pcieReplayTotal: counter(board, 'metric/pcie/replay_count'),
    pcieReplayRolloverTotal: counter(board, 'metric/pcie/replay_roll_over_count'),
    pcieNakSentTotal: counter(board, 'metric/pcie/nak_sent_count'),
    pcieNakReceivedTotal: counter(board, 'metric/pcie/nak_received_count'),
    pcieRecoveryTotal: counter(board, 'metric/pcie/l0_to_recovery_count'),
  };
}

const VIOLATIONS: Readonly<Record<AmdThrottleCause, string>> = {
  'processor-hot': 'prochot',
  ppt: 'ppt',
  'socket-thermal': 'socket_thermal',
  'vr-thermal': 'vr_thermal',
  'hbm-thermal': 'hbm_thermal',
};

function throttling(board: readonly LogicalGpu[]) {
  const causes = AMD_THROTTLE_CAUSES.map((cause): AmdThrottle => {
    const paths = (end: string): string[] =>
      ['throttle', 'violation'].map((section) => `metric/${section}/${VIOLATIONS[cause]}_${end}`);
    return {
      cause,
      active: of(board, flag, ...paths('violation_status')),
      accumulated: counter(board, ...paths('accumulated')),
    };
  });
  return {
    throttled: of(board, flag, 'metric/power/throttle_status'),
    throttles: causes.filter(({ active, accumulated }) => known(active) || known(accumulated)),
  };
}

/** The names of `amdsmi_xgmi_status_t`, or its numbers. */
const xgmiStatus: Parse<number> = (value) => {
  const number = count(value);
  if (known(number)) return number.value <= 2 ? number : { unknown: String(number.value) };
  const said = text(value);
  if (!known(said)) return said;
  if (/NO[ _]ERRORS?/i.test(said.value)) return { value: 0 };
  if (/MULTIPLE[ _]ERRORS/i.test(said.value)) return { value: 2 };
  return /(^|_)ERROR$/i.test(said.value) ? { value: 1 } : { unknown: said.value };
};

/** One letter a link: `U` up, `D` down, `X` not there (`xgmi --link-status`). */
function links(letter: string): Parse<number> {
  return (value) => {
    if (!isList(value)) return { unknown: NOT_AVAILABLE };
    const letters = value.map((link) => String(link).trim().toUpperCase());
    const strange = letters.find((link) => !/^(U|D|X|N\/A)$/.test(link));
    if (strange !== undefined) return { unknown: strange.slice(0, 40) };
    const isTold = letters.some((link) => link === 'U' || link === 'D');
    return isTold ? { value: letters.filter((link) => link === letter).length } : { unknown: NOT_AVAILABLE };
  };
}

function xgmi(board: readonly LogicalGpu[]) {
  return {
    xgmiErrors: highest(board.map((logical) => of([logical], xgmiStatus, 'metric/xgmi_err'))),
    xgmiLinksUp: of(board, links('U'), 'links/link_status'),
    xgmiLinksDown: of(board, links('D'), 'links/link_status'),
  };
}
