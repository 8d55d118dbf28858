/**
 * Who may make nodes work. Reading is open to whoever reaches the port; running a check on a fleet is not: it takes the API's
 * own token, and where none is set only a program on the aggregator's own host may (docs/decisions/0007).
 */
import type { IncomingMessage } from 'node:http';
import { showsToken } from '../bearer.ts';
import { TrivetError } from '../errors.ts';

/** By what a request was let in, for the log. */
export type Admission = 'token' | 'loopback';

/** Headers by which a proxy says that it speaks for somebody else: then the peer's address says nothing. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Throws `access.unauthorised` (401) or `access.refused` (403) with how to get in. */
export function admit(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  token: string | null,
): Admission {
  // A browser sends it with every POST; our own clients never do. A page that a person visits must not make nodes work.
  if (headers.origin !== undefined)
    throw new TrivetError('access.refused', 'not for pages of a browser: use `trivet run` or a program');
  if (token !== null) {
    if (showsToken(token, headers.authorization)) return 'token';
    throw new TrivetError(
      'access.unauthorised',
      'running a check takes the token of the API: send `Authorization: Bearer …` (trivet run --token-file FILE)',
    );
  }
  if (isLoopback(socket.remoteAddress) && !FORWARDED.some((name) => headers[name] !== undefined)) return 'loopback';
  throw new TrivetError(
    'access.refused',
    "without a token only programs on the aggregator's own host may run checks: set apiTokenFile there and send the token",
  );
}

/** 127.0.0.0/8 and ::1, also as the IPv4 address in IPv6 form that a socket for both gives. */
function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);
}
