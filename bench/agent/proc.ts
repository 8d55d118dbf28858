/** What Linux counts of a process. */
import { readFileSync, readdirSync } from 'node:fs';

export interface Memory {
  /** What the kernel cannot drop: the honest figure of a process. */
  readonly privateDirtyMb: number;
  /** Shared pages divided among those who share them. */
  readonly pssMb: number;
  /** With node's executable, which all node processes share. */
  readonly rssMb: number;
}

/** In MiB, from /proc/PID/smaps_rollup. */
export function readMemory(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024;
  return { privateDirtyMb: mb('Private_Dirty'), pssMb: mb('Pss'), rssMb: mb('Rss') };
}

export interface CpuTime {
  /** Of its threads, by the scheduler's nanoseconds: /proc/PID/stat has ticks of 10 ms, as long as a whole poll. */
  readonly ownMs: number;
  /** By /proc/PID/stat, for comparison. */
  readonly tickedMs: number;
  /** Of children that have ended. */
  readonly childrenMs: number;
}

/** USER_HZ, which is 100 on all Linux systems that node runs on. */
const TICK_MS = 10;

export function readCpu(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Fields 14 to 17 (proc_pid_stat): utime, stime, cutime, cstime; the name before them may hold spaces.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [utime = NaN, stime = NaN, cutime = NaN, cstime = NaN] = fields.slice(11, 15);
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return {
    ownMs: nanoseconds.reduce((sum, value) => sum + value, 0) / 1e6,
    tickedMs: (utime + stime) * TICK_MS,
    childrenMs: (cutime + cstime) * TICK_MS,
  };
}

/** One minute's load average, and the machine in words. */
export function readMachine(): { readonly load: number; readonly text: string } {
  const load = Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
  const cpu = readFileSync('/proc/cpuinfo', 'utf8');
  const cores = cpu.match(/^processor\s*:/gm)?.length ?? 0;
  const model = /^model name\s*:\s*(.*)$/m.exec(cpu)?.[1] ?? 'unknown processor';
  const kernel = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  return { load, text: `${cores} × ${model}, Linux ${kernel} ${process.arch}, Node ${process.version}` };
}
