/**
 * Takes the wrapping off a kernel message: a raw /dev/kmsg record, or one row of a log file in any of the framings that
 * dmesg, journald and syslog print. Only wrappings that say "kernel" are taken off: a line that another program logged
 * keeps its tag, and so is never mistaken for the driver's.
 */

export interface KernelRecord {
  /** Syslog facility; 0 is the kernel, anything else came from user space. */
  readonly facility: number;
  readonly seq: number;
  /** Of the kernel's printk clock: stops in suspend and drifts, so it orders nothing and is for display. */
  readonly microseconds: number;
  /** A fragment that continues the record before it. */
  readonly continuation: boolean;
  /** Unescaped; the lines of one printk are separated by LF. */
  readonly text: string;
}

/** `prio,seq,usec,flags[,more…];text`, then lines ` KEY=value` (dev-kmsg in the kernel's ABI documents). */
const RECORD = /^(\d{1,10}),(\d{1,15}),(\d{1,15}),([^,;\n]{1,8})(?:,[^;\n]*)?;([^\n]*)/;

/** Null: not a record. */
export function parseRecord(line: string): KernelRecord | null {
  const found = RECORD.exec(line);
  if (found === null) return null;
  const [, priority, seq, microseconds, flags = '', text = ''] = found;
  return {
    facility: Math.floor(Number(priority) / 8),
    seq: Number(seq),
    microseconds: Number(microseconds),
    continuation: flags.includes('c') || flags.includes('+'),
    text: unescape(text),
  };
}

/** Bytes below 0x20, above 0x7e and the backslash come as `\xNN`; what they spell is UTF-8. */
function unescape(text: string): string {
  if (!text.includes('\\x')) return text;
  return text.replaceAll(/(?:\\x[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll(String.raw`\x`, ''), 'hex').toString('utf8'),
  );
}

export interface LogRow {
  readonly text: string;
  readonly atMs: number | null;
}

export interface Clock {
  readonly nowMs: number;
  /** Wall time of the boot, for rows stamped with seconds since then. */
  readonly bootMs: number;
}

/** `<4>` (dmesg --raw), `kern  :warn  : ` (dmesg --decode), `kernel: `, `[ T1946] ` (caller), in the order in which they occur. */
const PRIORITY = /^<[0-7]>/;
const LEVEL = /^kern\s*:\w+\s*:\s+/;
const CALLER = /^\[\s*[TC]\d{1,10}\]\s?/;
const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?\s+/;
const SYSLOG = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d{1,9})? /;
/** journalctl -o short-full, -o short-unix */
const FULL = /^[A-Z][a-z]{2} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})? (\S{1,8}) /;
const UNIX = /^(\d{9,10})(?:\.\d{1,9})? /;
/** A word with a colon behind it is no host but another program's tag: what it says is not the kernel's. */
const HOST_AND_TAG = /^(?:\S{0,254}[^\s:] )?kernel: ?/;
const WALL = /^\[[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})\] ?/;
const SECONDS = /^\[\s*(\d{1,12}(?:\.\d{1,9})?)\] ?/;
const DELTA = /^\[\s*(?:[+<][^\]]{0,24})\] ?/;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** One row of a log file. Rows stamped in local time (dmesg -T, syslog) are read in this machine's time zone. */
export function unframe(line: string, clock: Clock): LogRow {
  const row = { rest: line.trim(), atMs: null as number | null };
  take(row, PRIORITY, () => null);
  take(row, LEVEL, () => null);
  take(row, ISO, ([, date = '', fraction = '0', zone = '']) => {
    return finite(Date.parse(`${date}.${fraction.padEnd(3, '0').slice(0, 3)}${zone}`));
  });
  take(row, FULL, ([, date, time, zone]) => finite(Date.parse(`${date}T${time}${zone === 'UTC' ? 'Z' : ''}`)));
  take(row, UNIX, ([, seconds]) => Number(seconds) * 1000);
  take(row, SYSLOG, ([, month = '', ...parts]) => syslogTime(month, parts, clock.nowMs));
  take(row, HOST_AND_TAG, () => null);
  take(row, WALL, ([, month = '', day, hour, minute, second, year]) =>
    localTime(Number(year), month, [day, hour, minute, second]),
  );
  take(row, SECONDS, ([, seconds]) => {
    // Seconds since some boot: of this one only if that is not in the future.
    const atMs = clock.bootMs + Number(seconds) * 1000;
    return atMs <= clock.nowMs ? Math.round(atMs) : null;
  });
  // journalctl -o short-monotonic
  take(row, HOST_AND_TAG, () => null);
  take(row, DELTA, () => null);
  take(row, CALLER, () => null);
  return { text: row.rest, atMs: row.atMs };
}

/** Cuts `pattern` off the row; the outermost stamp that can be read is the row's time. */
function take(
  row: { rest: string; atMs: number | null },
  pattern: RegExp,
  time: (found: RegExpExecArray) => number | null,
): void {
  const found = pattern.exec(row.rest);
  if (found === null) return;
  row.rest = row.rest.slice(found[0].length);
  row.atMs ??= time(found);
}

function localTime(year: number, month: string, parts: readonly (string | undefined)[]): number | null {
  const index = MONTHS.indexOf(month) / 3;
  if (!Number.isInteger(index)) return null;
  const [day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number);
  const atMs = new Date(year, index, day, hour, minute, second).getTime();
  return finite(atMs);
}

function finite(atMs: number): number | null {
  return Number.isFinite(atMs) ? atMs : null;
}

/** Syslog leaves the year out: this year, or the last one when that would be in the future. */
function syslogTime(month: string, parts: readonly (string | undefined)[], nowMs: number): number | null {
  const year = new Date(nowMs).getFullYear();
  const atMs = localTime(year, month, parts);
  return atMs !== null && atMs > nowMs + DAY_MS ? localTime(year - 1, month, parts) : atMs;
}
const DAY_MS = 86_400_000;
