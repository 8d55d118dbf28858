/**
 * One JSON object a line on standard error. No library: pino costs the node 8.7 MB. Bounded twice: a line is cut, and a
 * fault that repeats for ever writes at most LINES_MAX a window; what was left out is counted in the next line written.
 */

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}
type Fields = { readonly [name: string]: string | number | boolean | null };

const FIELD_MAX = 2048;
const WINDOW_MS = 10_000;
/** Start-up and a bad hour fit; a loop that logs each of its turns does not. */
const LINES_MAX = 200;

export interface LogOptions {
  readonly level: Level;
  readonly write: (line: string) => void;
  readonly now: () => number;
}

export function createLog({ level, write, now }: LogOptions): Log {
  const least = LEVELS.indexOf(level);
  let windowStart = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let suppressed = 0;

  function emit(at: Level, message: string, fields: Fields = {}): void {
    if (LEVELS.indexOf(at) < least) return;
    const time = now();
    if (time - windowStart >= WINDOW_MS || time < windowStart) {
      windowStart = time;
      lines = 0;
    }
    if (lines >= LINES_MAX) {
      suppressed += 1;
      return;
    }
    lines += 1;
    const left = suppressed > 0 ? { suppressed } : {};
    suppressed = 0;
    const record = { time: new Date(time).toISOString(), level: at, message, ...fields, ...left };
    write(`${JSON.stringify(record, (_key, value: unknown) => (typeof value === 'string' ? cut(value) : value))}\n`);
  }

  return {
    debug: (message, fields) => emit('debug', message, fields),
    info: (message, fields) => emit('info', message, fields),
    warn: (message, fields) => emit('warn', message, fields),
    error: (message, fields) => emit('error', message, fields),
  };
}

function cut(text: string): string {
  return text.length > FIELD_MAX ? `${text.slice(0, FIELD_MAX)}… (${text.length} characters)` : text;
}
