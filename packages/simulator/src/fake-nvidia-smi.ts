/**
 * A fake nvidia-smi: reads a world of GPUs and faults from a JSON file (`TRIVET_FAKE_GPUS`) and prints what the real tool prints
 * for `-q -x` and `-L`, exit status and all, as measured with the real one (driver 535) over a mocked driver library. The
 * file is read at every run: change it and the next poll sees the change. It loads nothing but Node, to start quickly.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeDocument } from './fake-nvidia-document.ts';

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
   * `lost-mid-run`: the rest of its texts do. Absent: none.
   */
  readonly access?:
    | 'handle-lost'
    | 'handle-unknown'
    | 'no-permission'
    | 'pci-info-lost'
    | 'fields-lost'
    | 'lost-mid-run';
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
}

export interface FakeGpuWorld {
  readonly driverVersion: string;
  readonly cudaVersion: string;
  readonly gpus: readonly FakeGpu[];
  /** The driver library cannot be initialised. */
  readonly failure?: 'driver-not-loaded' | 'version-mismatch' | 'library-missing' | 'unknown-error';
  /** How the run goes wrong. A hang ignores SIGTERM; `hang-at-shutdown` comes after a whole document. */
  readonly ending?: 'hang-at-start' | 'hang-in-document' | 'hang-at-shutdown' | 'cut' | 'shutdown-fails';
}

interface Output {
  readonly text: string;
  readonly code: number;
}

const FAILURES: Readonly<Record<NonNullable<FakeGpuWorld['failure']>, Output>> = {
  'driver-not-loaded': {
    text: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n",
    code: 9,
  },
  'version-mismatch': { text: 'Failed to initialize NVML: Driver/library version mismatch\n', code: 18 },
  'library-missing': { text: '', code: 12 },
  'unknown-error': { text: 'Failed to initialize NVML: Unknown Error\n', code: 255 },
};

const HANDLE_ERRORS = {
  'handle-lost': { text: 'GPU is lost.  Reboot the system to recover this GPU', code: 15 },
  'handle-unknown': { text: 'Unknown Error', code: 255 },
  'no-permission': { text: 'Insufficient Permissions', code: 4 },
} as const;

function handleError({ access }: FakeGpu): { readonly text: string; readonly code: number } | null {
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
  const code = world.gpus.some(({ access }) => access === 'pci-info-lost') ? 15 : 0;
  return { text: fakeDocument(world), code };
}

function list(world: FakeGpuWorld): Output {
  if (world.gpus.length === 0) return { text: 'No devices found.\n', code: 0 };
  const lines = world.gpus.map((gpu, index) => {
    const error = handleError(gpu);
    if (error !== null) return `Unable to determine the device handle for gpu ${index}: ${error.text}\n`;
    if (gpu.access === 'fields-lost') return `GPU ${index}: GPU is lost (UUID: GPU is lost)`;
    return `GPU ${index}: ${gpu.model} (UUID: ${gpu.access === 'lost-mid-run' ? 'GPU is lost' : gpu.uuid})`;
  });
  const lost = world.gpus.some(({ access }) => access === 'fields-lost') ? 15 : 0;
  const code = world.gpus.map((gpu) => handleError(gpu)?.code ?? 0).find((code) => code !== 0) ?? lost;
  return { text: `${lines.join('\n')}\n`, code };
}

/** What is printed, with which status, and whether the process hangs after it. */
export function fakeRun(world: FakeGpuWorld, args: readonly string[]): Output & { readonly hangs: boolean } {
  const { failure, ending } = world;
  if (ending === 'hang-at-start') return { text: '', code: 0, hangs: true };
  if (failure !== undefined) return { ...FAILURES[failure], hangs: false };
  const isQuery = args.join(' ') === '-q -x';
  if (!isQuery && args.join(' ') !== '-L')
    return { text: `Invalid combination of input arguments: ${args.join(' ')}\n`, code: 2, hangs: false };
  const output = isQuery ? query(world) : list(world);
  // Lines are written as they come: a run that stops in the middle leaves half a document.
  const half = output.text.slice(0, Math.floor(output.text.length / 2));
  if (ending === 'hang-in-document') return { text: half, code: 0, hangs: true };
  if (ending === 'hang-at-shutdown') return { ...output, hangs: true };
  if (ending === 'cut') return { text: half, code: 0, hangs: false };
  if (ending === 'shutdown-fails')
    return { text: `${output.text}Failed to shutdown NVML: Unknown Error\n`, code: 255, hangs: false };
  return { ...output, hangs: false };
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
  const { text, code, hangs } = fakeRun(world, args);
  process.exitCode = code;
  process.stdout.write(text);
  if (!hangs) return;
  process.on('SIGTERM', () => {});
  setTimeout(() => {}, HANG_MAX_MS);
}

if (import.meta.main) main(process.argv.slice(2));
