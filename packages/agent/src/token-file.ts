/**
 * The bearer token for the aggregator: read anew for every connection, so that a rotated one needs no restart, and never
 * logged. A file that others may read is said, not refused: a Kubernetes secret is mounted as 0644 by default, and an agent
 * that does not report would help nobody. What systemd hands over (LoadCredential) is guarded by its folder, and by an
 * access list, which shows as rights of the group.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { AgentError, errorText } from './errors.ts';
import type { Log } from './log.ts';

/** Tokens have tens of characters, JWTs a thousand or two. */
const TOKEN_MAX_BYTES = 8192;
/** What a header may hold (RFC 6750: b64token). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const OTHERS_MAY_READ = 0o077;

export class TokenFile {
  readonly #path: string;
  readonly #log: Log;
  #isSaid: boolean;

  /** `credentials`: systemd's folder of credentials, CREDENTIALS_DIRECTORY. */
  constructor(path: string, log: Log, credentials = process.env['CREDENTIALS_DIRECTORY']) {
    this.#path = path;
    this.#log = log;
    this.#isSaid = credentials !== undefined && dirname(path) === credentials;
  }

  /** Throws `AgentError` `token`, with a text that does not hold it. */
  read(): string {
    const { text, mode } = this.#content();
    if ((mode & OTHERS_MAY_READ) !== 0 && !this.#isSaid) {
      this.#isSaid = true;
      const said = 'token file may be read by others than the agent: chmod 600, or mount it with mode 0400';
      this.#log.warn(said, { path: this.#path, mode: (mode & 0o777).toString(8).padStart(4, '0') });
    }
    const token = text.trim();
    if (TOKEN.test(token)) return token;
    const mend = 'write the token alone, letters, digits and ._~+/-= on one line';
    throw new AgentError('token', `${this.#path}: holds no token (${token.length} characters): ${mend}`);
  }

  #content(): { readonly text: string; readonly mode: number } {
    try {
      const fd = openSync(this.#path, 'r');
      try {
        const bytes = Buffer.alloc(TOKEN_MAX_BYTES);
        return { text: bytes.toString('latin1', 0, readSync(fd, bytes)), mode: fstatSync(fd).mode };
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const mend = 'the aggregator is not called without it; check the path and its rights';
      throw new AgentError('token', `${this.#path}: token cannot be read (${errorText(error)}): ${mend}`, error);
    }
  }
}
