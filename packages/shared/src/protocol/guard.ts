/**
 * What the agent takes from an aggregator, checked by hand: four small messages do not justify a validator in the daemon
 * (`schema.ts` holds the same shapes; a test feeds both and compares). Anything else is null, and the agent counts it.
 */
import { ID_MAX, INTERVAL_MAX_MS, INTERVAL_MIN_MS, TEXT_MAX } from './limits.ts';
import { FRAME_MAX_BYTES } from './messages.ts';
import type { AggregatorMessage } from './messages.ts';

export function parseAggregatorMessage(frame: string): AggregatorMessage | null {
  if (frame.length > FRAME_MAX_BYTES) return null;
  const message = parseObject(frame);
  if (message === null) return null;
  switch (message['type']) {
    case 'welcome':
      return welcome(message);
    case 'ack':
      return isCount(message['seq']) ? { type: 'ack', seq: message['seq'] } : null;
    case 'refuse': {
      const { code, path, message: reason } = message;
      return isId(code) && isText(path) && isText(reason) ? { type: 'refuse', code, path, message: reason } : null;
    }
    case 'ask': {
      const { askId, check } = message;
      return isId(askId) && isId(check) ? { type: 'ask', askId, check } : null;
    }
    default:
      return null;
  }
}

function welcome(message: Record<string, unknown>): AggregatorMessage | null {
  const { ackedSeq, intervals } = message;
  if (!isCount(ackedSeq) || !isObject(intervals)) return null;
  const { reportMs, beatMs } = intervals;
  if (!isInterval(reportMs) || !isInterval(beatMs)) return null;
  return { type: 'welcome', ackedSeq, intervals: { reportMs, beatMs } };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isInterval(value: unknown): value is number {
  return isCount(value) && value >= INTERVAL_MIN_MS && value <= INTERVAL_MAX_MS;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= TEXT_MAX;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= ID_MAX && !/\p{Cc}/u.test(value);
}
