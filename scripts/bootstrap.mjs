// The one file that runs on whatever Node a machine has (20 or newer): installs what is missing, then runs a command
// with the project's own Node and tools first on PATH. Plain JavaScript and no dependency, because it runs before any.
// usage: node scripts/bootstrap.mjs COMMAND [ARGUMENT…]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'node_modules', '.bin');
const stamp = join(root, 'node_modules', '.trivet-install');

/** Digest of every file that decides what an install holds. Not their times: those lie after a checkout. */
function wanted() {
  const hash = createHash('sha256');
  const manifests = ['packages', 'test', 'bench'].flatMap((folder) =>
    [folder, ...subfolders(folder).map((name) => join(folder, name))].map((path) => join(path, 'package.json')),
  );
  for (const file of ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', ...manifests]) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(file).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.update(`${process.platform}-${process.arch}`).digest('hex');
}

function subfolders(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map((entry) => entry.name)
    .toSorted();
}

/** Runs a command to its end and hands SIGINT and SIGTERM on to it. Resolves to its exit status, 128+n for a signal. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const forward = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, forward);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM']) process.off(name, forward);
      resolve(signal === null ? code : 128 + constants.signals[signal]);
    });
  });
}

function hasNode() {
  return existsSync(join(bin, process.platform === 'win32' ? 'node.exe' : 'node'));
}

async function install() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  console.error(`trivet: installing what is missing (${packageManager})`);
  // Standard output belongs to the command that is run afterwards.
  const stdio = ['ignore', 2, 2];
  const args = ['--yes', packageManager, 'install', '--frozen-lockfile'];
  const code = await run('npx', args, {
    cwd: root,
    stdio,
    env: { ...process.env, NPM_CONFIG_UPDATE_NOTIFIER: 'false' },
  });
  if (code !== 0) {
    console.error(`trivet: the install failed (exit status ${code}); the lines above say why. Nothing was started.`);
    process.exit(code);
  }
  writeFileSync(stamp, wanted());
}

/** npm's builds of Node need glibc's loader, which musl systems (Alpine) and NixOS do not have in its usual place. */
function runsNpmNode() {
  if (process.platform !== 'linux') return hasNode();
  const loader = { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' }[process.arch];
  return hasNode() && loader !== undefined && existsSync(loader);
}

/** Folders to put first on PATH. Where npm has no Node for this machine, the one that runs this file has to be new enough. */
function toolFolders() {
  if (runsNpmNode()) return [bin];
  if (Number(process.versions.node.split('.')[0]) >= 26) return [dirname(process.execPath), bin];
  console.error(
    `trivet: npm has no build of Node 26 that runs on this machine (${process.platform}-${process.arch}), ` +
      `and this Node is ${process.versions.node}.\n` +
      'Builds exist for Linux with glibc (x64, arm64) and macOS (arm64). On musl (Alpine) or anything else:\n' +
      'install Node 26 or newer yourself (Alpine: apk add nodejs-current) and run the same command again.',
  );
  return process.exit(1);
}

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted()) await install();
const folders = toolFolders();
const [command, ...args] = process.argv.slice(2);
if (command === undefined) process.exit(0);
const separator = process.platform === 'win32' ? ';' : ':';
const env = { ...process.env, PATH: [...folders, process.env.PATH ?? ''].join(separator) };
const code = await run(command, args, { env }).catch((error) => {
  console.error(`trivet: cannot run ${command}: ${error.message}`);
  return 1;
});
process.exit(code);
