/**
 * A fake nvidia-smi: reads a world of GPUs and faults from a JSON file (`TRIVET_FAKE_GPUS`) and prints what the real tool prints
 * for `-q -x` and `-L`, exit status and all, as measured with the real one (driver 535) over a mocked driver library. The
 * file is read at every run: change it and the next poll sees the change. It loads nothing but Node, to start quickly.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeDocument } from './fake-nvidia-document.ts';
import { nvlink } from './fake-nvidia-nvlink.ts';
import type { FakeNvlinks } from './fake-nvidia-nvlink.ts';
import { INIT_FAILURES, NVML_ERRORS } from './fake-nvml-errors.ts';
import type { InitFailure, NvmlError, Output } from './fake-nvml-errors.ts';

export interface FakeGpu {
  readonly uuid: string;
  /** `0000:1b:00.0` */
  readonly pciBusId: string;
  readonly serial: string;
  readonly model: string;
  readonly minorNumber?: number;
  /**
   * Which calls of the driver library fail for this GPU. `handle-*`: the tool gives up, no document. `no-permission`: left
   * out in silence. `pci-info-lost`: an error in its place. `fields-lost`: all there is reads "GPU is lost", exit 0.
   * `lost-mid-run`: the rest of its texts do. Absent: none. The last three fail with `error`.
   */
  readonly access?:
    | 'handle-lost'
    | 'handle-unknown'
    | 'no-permission'
    | 'pci-info-lost'
    | 'fields-lost'
    | 'lost-mid-run';
  /** Default: the GPU is lost. */
  readonly error?: NvmlError;
  /** Drivers from 570: `None`, `Reset`, `Reboot`, `Drain P2P`, `Drain and Reset`. */
  readonly recoveryAction?: string;
  readonly resetRequired?: boolean;
  readonly drainAndResetRecommended?: boolean;
  readonly dramCorrectable?: number;
  readonly dramUncorrectable?: number;
  readonly sramUncorrectable?: number;
  readonly sramThresholdExceeded?: boolean;
  readonly channelRepairPending?: boolean;
  readonly tpcRepairPending?: boolean;
  readonly unrepairableMemory?: boolean;
  readonly remappedRows?: number;
  readonly remapPending?: boolean;
  readonly remapFailure?: boolean;
  readonly retiredPages?: { readonly singleBit: number; readonly doubleBit: number; readonly pending: boolean };
  /** `Not Started`, `In Progress`, `Completed` */
  readonly fabricState?: string;
  readonly fabricStatus?: string;
  readonly fabricHealth?: string;
  readonly hwSlowdown?: boolean;
  readonly hwThermalSlowdown?: boolean;
  readonly hwPowerBrake?: boolean;
  readonly swThermalSlowdown?: boolean;
  readonly temperatureCelsius?: number;
  readonly powerWatts?: number;
  readonly utilizationPercent?: number;
  readonly memoryUsedMib?: number;
  readonly pcieLinkWidth?: number;
  readonly pcieReplays?: number;
  readonly persistenceOff?: boolean;
  readonly eccOff?: boolean;
  readonly eccPendingOff?: boolean;
  /** Degrees left to the highest working temperature; the slowdown comes 2 degrees above it. */
  readonly temperatureMarginCelsius?: number;
  /** Since the driver was loaded, in microseconds. */
  readonly hwThermalUs?: number;
  readonly hwPowerBrakeUs?: number;
  /** Banks that have used some, nearly all or all of their spare rows; of 2560. */
  readonly banks?: { readonly high?: number; readonly low?: number; readonly none?: number };
  /** Equal parts that the GPU is divided into (MIG). */
  readonly migDevices?: number;
  /** Absent: the board has no NVLink. */
  readonly nvlinks?: FakeNvlinks;
  /** Warned of behind the document, exit status 14. */
  readonly inforomCorrupt?: boolean;
}

export interface FakeGpuWorld {
  readonly driverVersion: string;
  readonly cudaVersion: string;
  readonly gpus: readonly FakeGpu[];
  /** The driver library cannot be initialised. */
  readonly failure?: InitFailure;
  /** How the run goes wrong. A hang ignores SIGTERM; `killed` is ended by a signal half-way; `hang-at-shutdown` comes after a whole document. */
  readonly ending?: 'hang-at-start' | 'hang-in-document' | 'hang-at-shutdown' | 'cut' | 'killed' | 'shutdown-fails';
  /** As long as the real tool's: tables of clocks and processes, some 44 kB a GPU. */
  readonly isFullSize?: boolean;
}

const HANDLE_ERRORS = {
  'handle-lost': {
    text: `${NVML_ERRORS.lost.text}.  Reboot the system to recover this GPU`,
    code: NVML_ERRORS.lost.code,
  },
  'handle-unknown': NVML_ERRORS.unknown,
  'no-permission': NVML_ERRORS['no-permission'],
} as const;

function handleError({ access }: FakeGpu): Output | null {
  return access === 'handle-lost' || access === 'handle-unknown' || access === 'no-permission'
    ? HANDLE_ERRORS[access]
    : null;
}

function query(world: FakeGpuWorld): Output {
  if (world.gpus.length === 0) return { text: 'No devices were found\n', code: 6 };
  for (const [index, gpu] of world.gpus.entries()) {
    const error = gpu.access === 'no-permission' ? null : handleError(gpu);
    if (error !== null)
      return { text: `Unable to determine the device handle for GPU${index}: ${error.text}\n\n`, code: error.code };
  }
  const failed = world.gpus.find(({ access }) => access === 'pci-info-lost');
  const warned = world.gpus.filter(({ inforomCorrupt }) => inforomCorrupt === true);
  const warnings = warned.map(({ pciBusId }) => `WARNING: infoROM is corrupted at gpu ${pciBusId.toUpperCase()}\n`);
  const code = warned.length > 0 ? NVML_ERRORS['corrupted-inforom'].code : 0;
  return { text: fakeDocument(world) + warnings.join(''), code: failed === undefined ? code : errorOf(failed).code };
}

function errorOf({ error = 'lost' }: FakeGpu): Output {
  return NVML_ERRORS[error];
}

function list(world: FakeGpuWorld): Output {
  if (world.gpus.length === 0) return { text: 'No devices found.\n', code: 0 };
  const lines = world.gpus.map((gpu, index) => {
    const error = handleError(gpu);
    if (error !== null) return `Unable to determine the device handle for gpu ${index}: ${error.text}\n`;
    const { text } = errorOf(gpu);
    if (gpu.access === 'fields-lost') return `GPU ${index}: ${text} (UUID: ${text})`;
    return [
      `GPU ${index}: ${gpu.model} (UUID: ${gpu.access === 'lost-mid-run' ? text : gpu.uuid})`,
      ...migLines(gpu),
    ].join('\n');
  });
  const failed = world.gpus.find(({ access }) => access === 'fields-lost');
  const fields = failed === undefined ? 0 : errorOf(failed).code;
  const code = world.gpus.map((gpu) => handleError(gpu)?.code ?? 0).find((code) => code !== 0) ?? fields;
  return { text: `${lines.join('\n')}\n`, code };
}

function migLines({ uuid, migDevices = 0 }: FakeGpu): string[] {
  return Array.from(
    { length: migDevices },
    (_, index) => `  MIG 1g.10gb     Device  ${index}: (UUID: MIG-${uuid.slice(4, -1)}${index})`,
  );
}

function answer(world: FakeGpuWorld, args: readonly string[]): Output {
  const asked = args.join(' ');
  if (asked === '-q -x') return query(world);
  if (asked === '-L') return list(world);
  if (asked === 'nvlink -s' || asked === 'nvlink -e') return nvlink(world, args[1] ?? '');
  return { text: `Invalid combination of input arguments: ${asked}\n`, code: 2 };
}

export interface FakeRun extends Output {
  readonly after: 'exits' | 'hangs' | 'is killed';
}

/** What is printed, with which status, and what comes after it. */
export function fakeRun(world: FakeGpuWorld, args: readonly string[]): FakeRun {
  const { failure, ending } = world;
  if (ending === 'hang-at-start') return { text: '', code: 0, after: 'hangs' };
  if (failure !== undefined) return { ...INIT_FAILURES[failure], after: 'exits' };
  const output = answer(world, args);
  // Lines are written as they come: a run that stops in the middle leaves half a document.
  const half = output.text.slice(0, Math.floor(output.text.length / 2));
  switch (ending) {
    case 'hang-in-document':
      return { text: half, code: 0, after: 'hangs' };
    case 'hang-at-shutdown':
      return { ...output, after: 'hangs' };
    case 'cut':
      return { text: half, code: 0, after: 'exits' };
    case 'killed':
      return { text: half, code: 0, after: 'is killed' };
    case 'shutdown-fails':
      return { text: `${output.text}Failed to shutdown NVML: Unknown Error\n`, code: 255, after: 'exits' };
    default:
      return { ...output, after: 'exits' };
  }
}

/** In one step, so that no run reads half a world. */
export function writeFakeWorld(path: string, world: FakeGpuWorld): void {
  writeFileSync(`${path}.new`, JSON.stringify(world, null, 2));
  renameSync(`${path}.new`, path);
}

/** Writes the world to `<dir>/gpus.json` and a launcher to `<dir>/nvidia-smi`; answers the launcher's path. */
export async function writeFakeNvidiaSmi(dir: string, world: FakeGpuWorld): Promise<string> {
  const worldPath = join(dir, 'gpus.json');
  const launcher = join(dir, 'nvidia-smi');
  writeFakeWorld(worldPath, world);
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const lines = [
    '#!/bin/sh',
    `export TRIVET_FAKE_GPUS=${quote(worldPath)}`,
    `exec ${quote(process.execPath)} ${quote(import.meta.filename)} "$@"`,
  ];
  writeFileSync(launcher, `${lines.join('\n')}\n`, { mode: 0o755 });
  return launcher;
}

/** A forgotten one ends by itself, all the same. */
const HANG_MAX_MS = 600_000;

function main(args: readonly string[]): void {
  const path = process.env['TRIVET_FAKE_GPUS'];
  if (path === undefined)
    throw new Error('TRIVET_FAKE_GPUS is not set: the path of a JSON file that describes the GPUs');
  const world: FakeGpuWorld = JSON.parse(readFileSync(path, 'utf8'));
  const { text, code, after } = fakeRun(world, args);
  process.exitCode = code;
  process.stdout.write(text, () => {
    if (after === 'is killed') process.kill(process.pid, 'SIGKILL');
  });
  if (after !== 'hangs') return;
  process.on('SIGTERM', () => {});
  setTimeout(() => {}, HANG_MAX_MS);
}

if (import.meta.main) main(process.argv.slice(2));
