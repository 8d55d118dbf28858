/**
 * A fake amd-smi and, under that name, a fake rocm-smi: reads a world of boards and faults from a JSON file (`TRIVET_FAKE_AMD`)
 * and prints what the real tools print for what our collector asks. Failures are as measured with amd-smi 6.1.2 and rocm-smi
 * 5.2.3 without a GPU; documents follow the sources of both (keys, units, `N/A`), untried on a real board. The file is read
 * at every run. It loads nothing but Node, to start quickly.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fakeAmdDocument, fakeRocmDocument, fakeRocmTables } from './fake-amd-document.ts';

export interface FakeAmdGpu {
  readonly uuid: string;
  /** `0000:c1:00.0` */
  readonly pciBusId: string;
  readonly serial: string;
  readonly model: string;
  /** Logical GPUs of the board: 8 in CPX mode. */
  readonly partitions?: number;
  /** In `list` and `static`, not in `metric`. */
  readonly isSilent?: boolean;
  /** By block (`UMC`, `GFX`, …). */
  readonly correctable?: Readonly<Record<string, number>>;
  readonly uncorrectable?: Readonly<Record<string, number>>;
  readonly deferred?: Readonly<Record<string, number>>;
  readonly badPages?: { readonly retired: number; readonly pending: number; readonly unreservable: number };
  readonly badPageThreshold?: number;
  /** `prochot`, `ppt`, `socket_thermal`, `vr_thermal`, `hbm_thermal`. */
  readonly throttles?: readonly string[];
  readonly hotspotCelsius?: number;
  readonly utilizationPercent?: number;
  readonly pcieLinkWidth?: number;
  readonly pcieReplays?: number;
  /** 0, 1 or 2 (`AMDSMI_XGMI_STATUS_*`). */
  readonly xgmiErrors?: number;
  readonly xgmiLinksDown?: number;
}

export interface FakeAmdWorld {
  readonly driverVersion: string;
  readonly gpus: readonly FakeAmdGpu[];
  /** `list`: releases 6.0 to 6.3; `gpu_data`: later ones. */
  readonly shape: 'list' | 'gpu_data';
  /** Printed before each document. */
  readonly warning?: string;
  readonly failure?: 'driver-not-loaded' | 'library-error';
  /** How each run goes wrong. A hang ignores SIGTERM; `hang-at-shutdown` comes after a whole document. */
  readonly ending?: 'hang-at-start' | 'hang-at-shutdown' | 'cut' | 'empty';
}

export interface FakeAmdOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  readonly hangs: boolean;
}

type Tool = 'amd-smi' | 'rocm-smi';

const NO_DRIVER: Readonly<Record<Tool, Pick<FakeAmdOutput, 'stderr' | 'code'>>> = {
  'amd-smi': {
    stderr: [
      'ERROR: Unable to get devices, driver not initialized (amdgpu not found in modules)',
      'ERROR: Unable to detect any GPU devices, check amdgpu version and module status',
      'ERROR: Unable to detect any CPU devices, check amd_hsmp version and module status',
      '',
    ].join('\n'),
    code: 255,
  },
  'rocm-smi': { stderr: 'ERROR:root:Driver not initialized (amdgpu not found in modules)\n', code: 0 },
};

function document(tool: Tool, world: FakeAmdWorld, args: readonly string[]): string | null {
  if (tool === 'amd-smi') {
    const [subcommand = ''] = args;
    return args.includes('--json') ? fakeAmdDocument(world, subcommand) : null;
  }
  if (args.includes('--showrasinfo')) return args.includes('--json') ? '' : fakeRocmTables(world);
  return args.includes('--json') ? fakeRocmDocument(world) : null;
}

/** What is printed, with which status, and whether the process hangs after it. */
export function fakeAmdRun(tool: Tool, world: FakeAmdWorld, args: readonly string[]): FakeAmdOutput {
  const base = { stdout: '', stderr: '', code: 0, hangs: false };
  if (world.ending === 'hang-at-start') return { ...base, hangs: true };
  if (world.failure === 'driver-not-loaded') return { ...base, ...NO_DRIVER[tool] };
  // A failure of the library is a document, with exit status 0 (amdsmi_cli_exceptions.py).
  if (world.failure === 'library-error')
    return { ...base, stdout: `${JSON.stringify({ error: 'AMDSMI has returned error -9', code: -1000 })}\n` };
  const printed = document(tool, world, args);
  if (printed === null)
    return { ...base, stderr: `${tool}: error: unrecognized arguments: ${args.join(' ')}\n`, code: 2 };
  // Words of rocm_smi.py, which its logging module puts on standard error and some releases on standard output.
  const text = printed === '' ? 'WARNING: No JSON data to report\n' : `${printed}\n`;
  const stdout = `${world.warning === undefined ? '' : `${world.warning}\n`}${text}`;
  if (world.ending === 'empty') return base;
  if (world.ending === 'cut') return { ...base, stdout: stdout.slice(0, Math.floor(stdout.length / 2)) };
  return { ...base, stdout, hangs: world.ending === 'hang-at-shutdown' };
}

/** In one step, so that no run reads half a world. */
function writeFakeAmdWorld(path: string, world: FakeAmdWorld): void {
  writeFileSync(`${path}.new`, JSON.stringify(world, null, 2));
  renameSync(`${path}.new`, path);
}

/** Writes the world to `<dir>/amd.json` and a launcher to `<dir>/<tool>`; answers the launcher's path. */
export function writeFakeAmdTool(dir: string, tool: Tool, world: FakeAmdWorld): string {
  const worldPath = join(dir, 'amd.json');
  const launcher = join(dir, tool);
  writeFakeAmdWorld(worldPath, world);
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const lines = [
    '#!/bin/sh',
    `export TRIVET_FAKE_AMD=${quote(worldPath)}`,
    `exec ${quote(process.execPath)} ${quote(import.meta.filename)} ${tool} "$@"`,
  ];
  writeFileSync(launcher, `${lines.join('\n')}\n`, { mode: 0o755 });
  return launcher;
}

/** A forgotten one ends by itself, all the same. */
const HANG_MAX_MS = 600_000;

function main([name = '', ...args]: readonly string[]): void {
  const path = process.env['TRIVET_FAKE_AMD'];
  if (path === undefined)
    throw new Error('TRIVET_FAKE_AMD is not set: the path of a JSON file that describes the boards');
  const world: FakeAmdWorld = JSON.parse(readFileSync(path, 'utf8'));
  const { stdout, stderr, code, hangs } = fakeAmdRun(
    basename(name) === 'rocm-smi' ? 'rocm-smi' : 'amd-smi',
    world,
    args,
  );
  process.exitCode = code;
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (!hangs) return;
  process.on('SIGTERM', () => {});
  setTimeout(() => {}, HANG_MAX_MS);
}

if (import.meta.main) main(process.argv.slice(2));
