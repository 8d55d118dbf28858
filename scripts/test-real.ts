/**
 * `npm run test:real`: the tests that need the real tools in the loop, and the 10,000 kernel lines. What is missing is
 * installed where that can be done (root on Debian), else it is an error that names it: a test that is skipped because a tool
 * is missing would say nothing, and nobody would hear it.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const ROOT = join(import.meta.dirname, '..');
const isRoot = process.getuid?.() === 0;

/** Program and the Debian package that holds it. */
const TOOLS: Readonly<Record<string, string>> = {
  'rocm-smi': 'rocm-smi',
  promtool: 'prometheus',
  setpriv: 'util-linux',
  prlimit: 'util-linux',
  'systemd-analyze': 'systemd',
};
/** The suite of Debian that has both AMD tools: bookworm has no amd-smi, and an older rocm-smi. */
const SUITE = 'trixie';
const SUITE_TOOLS = ['amd-smi', 'rocm-smi'] as const;
/** Outside the clone: a second one does not build it again. 12 seconds, 300 MB. */
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'trivet');

function onPath(program: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function say(text: string): void {
  console.error(`test:real: ${text}`);
}

function fail(text: string): never {
  say(text);
  process.exit(1);
}

/** Output belongs to whoever watches; a command that hangs is ended. */
function mustRun(what: string, command: string, args: readonly string[]): void {
  say(what);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], env, timeout: 600_000 });
  if (status !== 0) fail(`${what}: ${error?.message ?? `${command} ended with ${status}`}`);
}

/** Programs that are not there are installed, all at once, or named with the way to install them. */
function ensure(tools: Readonly<Record<string, string>>): void {
  const missing = Object.keys(tools).filter((program) => onPath(program) === null);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => tools[program] ?? program))].join(' ');
  const apt = onPath('apt-get');
  if (!isRoot || apt === null)
    fail(`missing: ${missing.join(', ')}. Install the Debian package(s): apt-get install ${packages}`);
  mustRun('apt-get update', apt, ['update', '-q']);
  const options = ['-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  mustRun(`installing ${packages}`, apt, ['install', ...options, ...packages.split(' ')]);
  // Its package brings a service, of which nobody here has asked for more than promtool.
  if (missing.includes('promtool') && existsSync('/run/systemd/system'))
    mustRun('stopping the service that came with promtool', 'systemctl', ['disable', '--now', 'prometheus']);
  const still = missing.filter((program) => onPath(program) === null);
  if (still.length > 0) fail(`still missing after installing ${packages}: ${still.join(', ')}`);
}

/** Paths of the AMD tools of that suite: programs that run them in a root of their own. */
function suiteTools(): readonly string[] {
  const root = join(CACHE, SUITE);
  if (!existsSync(root)) {
    if (!isRoot) {
      const mend = `run this once as root (it makes a chroot in ${root}), or put amd-smi of ROCm or Debian ${SUITE} on PATH`;
      fail(`missing: amd-smi. ${mend}`);
    }
    ensure({ mmdebstrap: 'mmdebstrap' });
    const part = `${root}.${process.pid}.part`;
    mkdirSync(CACHE, { recursive: true });
    const args = ['--quiet', '--variant=minbase', `--include=${SUITE_TOOLS.join(',')}`, SUITE, part];
    mustRun(`making a root of Debian ${SUITE} with ${SUITE_TOOLS.join(' and ')} in ${root}`, 'mmdebstrap', args);
    renameSync(part, root);
  }
  return SUITE_TOOLS.map((tool) => {
    const path = join(CACHE, `${tool}-${SUITE}`);
    writeFileSync(path, `#!/bin/sh\nexec chroot '${root}' ${tool} "$@"\n`, { mode: 0o755 });
    return path;
  });
}

/** amd-smi of this machine, where it has one. */
function amdTools(): { readonly amdSmi: readonly string[]; readonly rocmSmi: readonly string[] } {
  const here = onPath('amd-smi');
  const rocmSmi = onPath('rocm-smi') ?? 'rocm-smi';
  if (here !== null) return { amdSmi: [here], rocmSmi: [rocmSmi] };
  const [amdSmi = '', newer = ''] = suiteTools();
  return { amdSmi: [amdSmi], rocmSmi: [rocmSmi, newer] };
}

if (process.platform !== 'linux') fail('needs Linux: /dev/kmsg, and the tools of its drivers');
ensure(TOOLS);
const { amdSmi, rocmSmi } = amdTools();
// What runs without rights is the production bundle.
mustRun('building the bundles', process.execPath, [join(ROOT, 'scripts', 'build.ts')]);
say(`tools: ${[...amdSmi, ...rocmSmi, onPath('promtool')].join(', ')}`);

const env = {
  ...process.env,
  PATH: [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter),
  TRIVET_CHAOS_LINES: process.env['TRIVET_CHAOS_LINES'] ?? '10000',
  TRIVET_REAL_AMD_SMI: amdSmi.join(delimiter),
  TRIVET_REAL_ROCM_SMI: rocmSmi.join(delimiter),
};
const args = ['run', '--config', 'vitest.real.config.ts', ...process.argv.slice(2)];
const { status } = spawnSync('vitest', args, { cwd: ROOT, stdio: 'inherit', env });
process.exit(status ?? 1);
