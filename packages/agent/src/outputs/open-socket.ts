/** How the agent calls its aggregator: without compression, with a bound on frames and on the handshake. */
import { WebSocket } from 'ws';
import { FRAME_MAX_BYTES } from '@trivet/shared/protocol/messages.ts';

/** Throws when the address or the token is none; what happens later, the socket tells. */
export function openSocket(url: string, token: string | null, handshakeTimeout: number): WebSocket {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return new WebSocket(url, { perMessageDeflate: false, maxPayload: FRAME_MAX_BYTES, handshakeTimeout, headers });
}
