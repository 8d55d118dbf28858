/**
 * rocm-smi, for machines without amd-smi (ROCm before 6). Its JSON has texts only, keys that change their case and their words
 * with the release, cards in any order and with gaps, and no error counters: those come from a second run, as text. Its exit
 * status is that of the last reading that some board does not support; exit 0 with nothing printed means no driver.
 */
import type { AmdGpu, AmdSample } from '@trivet/shared/model/amd.ts';
import { ABSENT, NOT_AVAILABLE, known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import { GPUS_MAX } from '@trivet/shared/protocol/limits.ts';
import { field, isObject } from './amd-json.ts';
import type { Json, JsonObject } from './amd-json.ts';
import type { LogicalGpu } from './amd-logical.ts';
import {
  bytes,
  celsius,
  count,
  errorIn,
  gigatransfers,
  highest,
  identifier,
  lanes,
  megahertz,
  microjoules,
  percent,
  read,
  text,
  watts,
} from './amd-reading.ts';
import type { Parse, ValueAt } from './amd-reading.ts';
import type { CommandResult } from '../os/command.ts';
import { interpret, oneLine, runTool } from './amd-run.ts';
import type { Budget, Told, ToolSpec } from './amd-run.ts';
import { boardsOf, gapsOf, withoutSharedUuids } from './amd-sample.ts';
import { normaliseBusId } from './nvidia-list.ts';
import { readRasText, totalOf } from './rocm-ras.ts';
import type { RasOfCard } from './rocm-ras.ts';

/** rsmi_status_t (rocm_smi.h): invalid arguments, not supported, not yet implemented, no data: a reading that a board has not. */
const HARMLESS = [1, 2, 9, 14];

const READINGS = ['-a', '--showxgmierr', '--json'];
const ERRORS = ['--showrasinfo', 'all', '--showpagesinfo'];

export interface RocmAnswer {
  readonly sample: AmdSample | null;
  readonly state: 'unknown' | 'failed';
  readonly problems: readonly string[];
}

export async function askRocmSmi(tool: ToolSpec, budget: Budget): Promise<RocmAnswer | { readonly missing: string }> {
  const spec = { ...tool, harmless: HARMLESS };
  const told = interpret(await runTool(spec, READINGS, budget), spec);
  if (told.kind === 'not-found') return { missing: told.reason };
  if (told.kind !== 'documents') return { sample: null, state: told.kind, problems: [`rocm-smi: ${told.reason}`] };
  const ras = await runTool(spec, ERRORS, budget);
  const printed = ras.kind === 'exited' || 'stdout' in ras ? ras.stdout : '';
  const put = toRocmSample(told, readRasText(printed));
  return { ...put, problems: [...put.problems, ...rasProblems(ras).map((text) => `rocm-smi: RAS counters: ${text}`)] };
}

/** Half a table would be read as fewer errors than there are. A board without RAS has no table, but a headline is printed. */
function rasProblems(result: CommandResult): string[] {
  if (result.kind !== 'exited') return ['reason' in result ? result.reason : `${result.kind.replaceAll('-', ' ')}`];
  if (result.signal !== null) return [`ended by ${result.signal}`];
  return result.stdout.trim() === '' ? [`exit ${result.code}: ${oneLine(result.stderr) || 'nothing was printed'}`] : [];
}

function toRocmSample(told: Extract<Told, { kind: 'documents' }>, ras: ReadonlyMap<number, RasOfCard>): RocmAnswer {
  const logical = told.documents.flatMap(cards).slice(0, GPUS_MAX);
  const gpus = withoutSharedUuids(boardsOf(logical).map((board) => toBoard(board, ras)));
  const system = told.documents.map((document) => (isObject(document) ? field(document, 'system') : undefined));
  const driverVersion = identifier(
    system.flatMap((entry) => (isObject(entry) ? [keyAt(entry, 'Driver version')] : [])),
  );
  const problems = [...told.about, ...gapsOf(gpus)].map((problem) => `rocm-smi: ${problem}`);
  return { sample: { tool: 'rocm-smi', driverVersion, gpus }, state: 'unknown', problems };
}

/** `card0`, in the order of their numbers. */
function cards(document: Json): LogicalGpu[] {
  if (!isObject(document)) return [];
  return Object.entries(document)
    .flatMap(([key, entry]) => {
      const number = /^card(\d{1,4})$/i.exec(key)?.[1];
      if (number === undefined || !isObject(entry)) return [];
      const busId = field(entry, 'PCI Bus');
      const pciBusId = typeof busId === 'string' ? normaliseBusId(busId) : null;
      return [{ index: Number(number), partitionId: null, pciBusId, entry }];
    })
    .sort((a, b) => a.index - b.index);
}

function keyAt(entry: JsonObject, key: string): ValueAt {
  return { path: key, value: field(entry, key) };
}

function of<T>(board: readonly LogicalGpu[], parse: Parse<T>, ...keys: readonly string[]): Reading<T> {
  return read(
    board.flatMap(({ entry }) => keys.map((key) => keyAt(entry, key))),
    parse,
  );
}

function names(board: readonly LogicalGpu[], ...keys: readonly string[]): string | null {
  return identifier(board.flatMap(({ entry }) => keys.map((key) => keyAt(entry, key))));
}

const NONE = { unknown: ABSENT };

function toBoard(board: readonly LogicalGpu[], cards: ReadonlyMap<number, RasOfCard>): AmdGpu {
  return {
    vendor: 'amd',
    ...identity(board),
    errorTexts: board.flatMap(errorTexts),
    ...errors(board, cards),
    implausible: [],
    ...temperatures(board),
    ...load(board),
    ...pcie(board),
    throttled: NONE,
    throttles: [],
    xgmiErrors: of(board, xgmiCount, 'XGMI Error count'),
    xgmiLinksUp: NONE,
    xgmiLinksDown: NONE,
  };
}

/** Releases write it with and without `0x`. */
function uniqueId(board: readonly LogicalGpu[]): string | null {
  const id = names(board, 'Unique ID');
  return id !== null && /^(0x)?[0-9a-f]{1,16}$/i.test(id) ? `0x${id.toLowerCase().replace(/^0x/, '')}` : null;
}

/** In place of a name that the machine's PCI database does not have, some releases print a number. */
function model(board: readonly LogicalGpu[]): string | null {
  const found = ['Card Series', 'Device Name', 'Card Model', 'Card SKU'].map((key) => names(board, key));
  return found.find((name) => name !== null && !/^0x/i.test(name)) ?? found.find((name) => name !== null) ?? null;
}

function identity(board: readonly LogicalGpu[]) {
  return {
    uuid: uniqueId(board),
    pciBusId: board[0]?.pciBusId ?? null,
    serial: names(board, 'Serial Number'),
    model: model(board),
    vbios: names(board, 'VBIOS version'),
    partitions: board.map(({ index, partitionId }) => ({ index, partitionId })),
    computePartition: of(board, text, 'Compute Partition'),
    memoryPartition: of(board, text, 'Memory Partition'),
  };
}

const CORE = ['Temperature (Sensor edge) (C)', 'Temperature (Sensor junction) (C)', 'VRAM Total Used Memory (B)'];

function errorTexts({ entry }: LogicalGpu): string[] {
  return CORE.flatMap((key) => {
    const said = errorIn(keyAt(entry, key));
    return said === null ? [] : [`${key}: ${said}`];
  });
}

function errors(board: readonly LogicalGpu[], cards: ReadonlyMap<number, RasOfCard>) {
  const found = board.map(({ index }) => cards.get(index)).find((card) => card !== undefined);
  return {
    eccMode: NONE,
    eccTotal: totalOf(found?.ras ?? []),
    ras: found?.ras ?? [],
    badPagesRetired: found?.retired ?? NONE,
    badPagesPending: found?.pending ?? NONE,
    badPagesUnreservable: found?.unreservable ?? NONE,
    badPageThreshold: NONE,
    badPageThresholdExceeded: NONE,
  };
}

function temperatures(board: readonly LogicalGpu[]) {
  return {
    edgeCelsius: of(board, celsius, 'Temperature (Sensor edge) (C)'),
    hotspotCelsius: of(board, celsius, 'Temperature (Sensor junction) (C)'),
    memoryCelsius: of(board, celsius, 'Temperature (Sensor memory) (C)', 'Temperature (Sensor mem) (C)'),
    edgeSlowdownCelsius: NONE,
    hotspotSlowdownCelsius: NONE,
    memorySlowdownCelsius: NONE,
    edgeShutdownCelsius: NONE,
    hotspotShutdownCelsius: NONE,
    memoryShutdownCelsius: NONE,
  };
}

function load(board: readonly LogicalGpu[]) {
  const total = of(board, bytes, 'VRAM Total Memory (B)');
  const used = of(board, bytes, 'VRAM Total Used Memory (B)');
  return {
    powerWatts: of(board, watts, 'Current Socket Graphics Package Power (W)', 'Average Graphics Package Power (W)'),
    powerLimitWatts: of(board, watts, 'Max Graphics Package Power (W)'),
    energyJoules: of(board, microjoules, 'Accumulated Energy (uJ)'),
    utilizationRatio: of(board, percent, 'GPU use (%)'),
    // Until 6.0 the first of them; `GPU Memory Allocated (VRAM%)` is how full it is, not how busy.
    memoryUtilizationRatio: of(board, percent, 'GPU memory use (%)', 'GPU Memory Read/Write Activity (%)'),
    memoryTotalBytes: total,
    memoryUsedBytes: used,
    memoryFreeBytes: known(total) && known(used) ? { value: Math.max(0, total.value - used.value) } : NONE,
    clockGfxHertz: of(board, megahertz, 'sclk clock speed:', 'sclk clock speed'),
    clockMemoryHertz: of(board, megahertz, 'mclk clock speed:', 'mclk clock speed'),
    fanRatio: of(board, percent, 'Fan speed (%)'),
    performanceLevel: of(board, text, 'Performance Level'),
  };
}

/** `1 (16.0GT/s x16)` */
const LINK = /\((\d{1,3}(?:\.\d+)?GT\/s) (x\d{1,2})\)/i;

function link<T>(part: 1 | 2, parse: Parse<T>): Parse<T> {
  return (value) => parse(LINK.exec(String(value))?.[part] ?? 'N/A');
}

function pcie(board: readonly LogicalGpu[]) {
  return {
    pcieLinkWidth: of(board, link(2, lanes), 'pcie clock level'),
    pcieLinkWidthMax: NONE,
    pcieTransfersPerSecond: of(board, link(1, gigatransfers), 'pcie clock level'),
    pcieTransfersPerSecondMax: NONE,
    pcieBytesPerSecond: NONE,
    pcieReplayTotal: highest(board.map((card) => of([card], count, 'PCIe Replay Count'))),
    pcieReplayRolloverTotal: NONE,
    pcieNakSentTotal: NONE,
    pcieNakReceivedTotal: NONE,
    pcieRecoveryTotal: NONE,
  };
}

const xgmiCount: Parse<number> = (value) => {
  const reading = count(value);
  return known(reading) && reading.value > 2 ? { unknown: NOT_AVAILABLE } : reading;
};
