/** Every error of the aggregator that a person or a client gets to see: its code and, over HTTP, its status. */

const STATUS = {
  'config.invalid': 500,
  'config.unreadable': 500,
  'listen.failed': 500,
  'store.corrupt': 500,
  'store.foreign': 500,
  'store.in-use': 500,
  'store.migration-failed': 500,
  'store.newer-schema': 500,
  'store.unusable': 500,
  'request.invalid': 400,
  'access.unauthorised': 401,
  'access.refused': 403,
  'checks.busy': 429,
  'node.unknown': 404,
  'pass.unknown': 404,
  'route.unknown': 404,
  'set.unknown': 404,
  internal: 500,
} as const;
export type ErrorCode = keyof typeof STATUS;

export class TrivetError extends Error {
  readonly code: ErrorCode;
  readonly status: number;

  /** `message` says what is wrong, where, and how to mend it. */
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TrivetError';
    this.code = code;
    this.status = STATUS[code];
  }
}

/** What was thrown, as text: not everything that is thrown is an Error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
