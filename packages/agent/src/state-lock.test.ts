import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AgentError } from './errors.ts';
import { createLog } from './log.ts';
import { lockState } from './state-lock.ts';

let folder: string;
let logged: string[];
const log = createLog({ level: 'warn', now: () => 0, write: (line) => logged.push(line) });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trivet-lock-'));
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const held = () => readdirSync(folder).includes('lock');

it('keeps out a second agent until it is unlocked, and says what to do', () => {
  const unlock = lockState(folder, log);
  expect(() => lockState(folder, log)).toThrow(AgentError);
  expect(() => lockState(folder, log)).toThrow(`in use by another agent, process ${process.pid}: stop it`);
  unlock();
  expect(held()).toBe(false);
  lockState(folder, log)();
  expect(logged).toEqual([]);
});

it('is not barred by an agent that was killed', async () => {
  const script = `import { lockState } from '${join(import.meta.dirname, 'state-lock.ts')}';
    lockState(process.argv[1], { warn() {} }); console.log('locked'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  expect(() => lockState(folder, log)).toThrow(`process ${holder.pid}`);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  lockState(folder, log)();
});

it('takes a process with the same number for another one, and so it does after a boot', () => {
  lockState(folder, log);
  const [pid, start, bootId] = readlinkSync(join(folder, 'lock')).split(':');
  for (const former of [`${pid}:1:${bootId}`, `${pid}:${start}:another-boot`, 'anything', '']) {
    rmSync(join(folder, 'lock'), { force: true });
    if (former === '') writeFileSync(join(folder, 'lock'), '');
    else symlinkSync(former, join(folder, 'lock'));
    lockState(folder, log)();
  }
});

it('does not count the remains of a process, and asks the system where there is no /proc', () => {
  const proc = join(folder, 'proc');
  const stat = (state: string) => {
    mkdirSync(join(proc, '4711'), { recursive: true });
    writeFileSync(
      join(proc, '4711/stat'),
      `4711 (a) b (c) ${state} ${Array.from({ length: 40 }, (_, n) => n).join(' ')}\n`,
    );
  };
  mkdirSync(join(proc, 'sys/kernel/random'), { recursive: true });
  writeFileSync(join(proc, 'sys/kernel/random/boot_id'), 'boot\n');
  symlinkSync('4711:18:boot', join(folder, 'lock'));
  stat('S');
  expect(() => lockState(folder, log, proc)).toThrow('process 4711');
  stat('Z');
  lockState(folder, log, proc)();
  const none = join(folder, 'none');
  const unlock = lockState(folder, log, none);
  expect(() => lockState(folder, log, none)).toThrow(`process ${process.pid}`);
  unlock();
});

it('goes on without a lock where the disk takes none, and says so; a folder that cannot be is an error', () => {
  mkdirSync(join(folder, 'lock'));
  lockState(folder, log)();
  expect(logged.join('')).toContain('nothing keeps out a second agent');
  writeFileSync(join(folder, 'file'), '');
  expect(() => lockState(join(folder, 'file', 'state'), log)).toThrow('set another `stateDir`');
});
