/** Thrown where the daemon cannot go on as it was told to; `main` prints them. Everything that is expected to fail is a value instead. */

export type AgentErrorCode =
  /** A setting is wrong: says which, what is wrong and how to mend it. */
  | 'config'
  /** The state directory cannot be used. */
  | 'state'
  /** The local HTTP address cannot be taken. */
  | 'listen'
  /** The token cannot be had; its text is never in a message. */
  | 'token';

export class AgentError extends Error {
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AgentError';
    this.code = code;
  }
}

/** For a log line or a reason: never throws, whatever was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
