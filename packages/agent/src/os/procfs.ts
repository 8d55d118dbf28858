/** Facts of this boot from /proc: files that the kernel makes up when they are read, so nothing here waits for a device. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder, for tests and for containers that mount the host's elsewhere. */
export const PROC = '/proc';

/** Null where there is none (not Linux, or /proc not mounted). */
export function readBootId(proc: string): string | null {
  return readLine(join(proc, 'sys/kernel/random/boot_id'));
}

export function readKernelRelease(proc: string): string | null {
  return readLine(join(proc, 'sys/kernel/osrelease'));
}

export function readUptimeSeconds(proc: string): number | null {
  const seconds = Number(readLine(join(proc, 'uptime'))?.split(' ')[0] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

/** In clock ticks since the boot; null when there is no such process, or only its remains (a zombie). */
export function readProcessStart(proc: string, pid: number): string | null {
  const stat = readLine(join(proc, String(pid), 'stat'));
  if (stat === null) return null;
  // Fields 3 and 22 (proc_pid_stat): the second is a name in parentheses that may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}

/** The kernel's letter for what a process is doing (`D`: uninterruptible sleep); null when there is no such process. */
export function readProcessState(proc: string, pid: number): string | null {
  const stat = readLine(join(proc, String(pid), 'stat'));
  return stat === null ? null : (/^[A-Za-z]/.exec(stat.slice(stat.lastIndexOf(')') + 2))?.[0] ?? null);
}

function readLine(path: string): string | null {
  try {
    const line = readFileSync(path, 'utf8').split('\n')[0]?.trim();
    return line === undefined || line === '' ? null : line;
  } catch {
    return null;
  }
}
