/** Bearer tokens (RFC 6750): compared by digest, so that neither the length nor the first difference shows in the time it takes. */
import { createHash, timingSafeEqual } from 'node:crypto';

export function showsToken(token: string, authorization: string | undefined): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(`Bearer ${token}`), digest(authorization ?? ''));
}
