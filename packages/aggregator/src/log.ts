/** The log: one JSON object a line on standard error, so that a journal or a collector needs no parser of ours. */

export type LogFields = { readonly [key: string]: string | number | boolean | null | undefined };

export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** A value longer than this is cut: what is logged may come from the network. */
const TEXT_MAX = 2_000;

export function createLog(write: (line: string) => void, now: () => Date): Log {
  const line =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      write(
        `${JSON.stringify({ at: now().toISOString(), level, event, ...fields }, (_, value: unknown) =>
          typeof value === 'string' && value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value,
        )}\n`,
      );
  return { info: line('info'), warn: line('warn'), error: line('error') };
}

export function stderrLog(): Log {
  return createLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  );
}
