/**
 * Protocol v1 for whoever receives: zod schemas with the same shapes as `messages.ts` (a test compares the types both ways)
 * and the one way in, `parseAgentMessage`. A message is taken whole or refused whole, with what is wrong, where and how to
 * mend it. Not for the agent daemon: zod costs it 19 MB.
 */
import { z } from 'zod';
import {
  EVENTS_MAX,
  EVENT_BODY_DEPTH_MAX,
  EVENT_BODY_KEYS_MAX,
  INTERVAL_MAX_MS,
  INTERVAL_MIN_MS,
  NODE_NAME,
  NODE_NAME_RULE,
} from './limits.ts';
import { FRAME_MAX_BYTES, PROTOCOL_VERSION } from './messages.ts';
import type { AgentMessage, Refuse, RefuseCode } from './messages.ts';
import { id, text, time } from './primitives.ts';
import { hardware, report } from './report-schema.ts';

const count = z.int().min(0);

const hello = z.object({
  type: z.literal('hello'),
  v: z.literal(1, `is not ${PROTOCOL_VERSION}: upgrade the older of agent and aggregator`),
  node: z.string().regex(NODE_NAME, `is not a node name (${NODE_NAME_RULE}): set \`node\` in agent.yaml`),
  agentId: id,
  streamId: id,
  bootId: id,
  agentVersion: id,
  hardware,
});

const body = z
  .record(z.string().max(128), z.unknown())
  .refine(
    (value) => Object.keys(value).length <= EVENT_BODY_KEYS_MAX && depthWithin(value, EVENT_BODY_DEPTH_MAX),
    `has more than ${EVENT_BODY_KEYS_MAX} keys or ${EVENT_BODY_DEPTH_MAX} levels: send a smaller body`,
  );
const event = z.object({ seq: z.int().min(1), kind: id, at: time, body });

export const agentMessages = {
  hello,
  report: report.extend({ type: z.literal('report') }),
  events: z.object({ type: z.literal('events'), events: z.array(event).min(1).max(EVENTS_MAX).readonly() }),
  beat: z.object({ type: z.literal('beat'), outboxDepth: count, lost: count, reportsDropped: count }),
  result: z.object({ type: z.literal('result'), askId: id, state: z.enum(['ok', 'unknown', 'failed']), text }),
};

const interval = z.int().min(INTERVAL_MIN_MS).max(INTERVAL_MAX_MS);
export const aggregatorMessages = {
  welcome: z.object({
    type: z.literal('welcome'),
    ackedSeq: count,
    intervals: z.object({ reportMs: interval, beatMs: interval }),
  }),
  ack: z.object({ type: z.literal('ack'), seq: count }),
  refuse: z.object({ type: z.literal('refuse'), code: id, path: text, message: text }),
  ask: z.object({ type: z.literal('ask'), askId: id, check: id }),
};

export type ParsedMessage =
  | { readonly ok: true; readonly message: AgentMessage }
  | { readonly ok: false; readonly refuse: Refuse };

/** One frame as it came. `refuse.path` is a JSON pointer (RFC 6901) into it, `''` for the whole. */
export function parseAgentMessage(frame: string): ParsedMessage {
  const bytes = Buffer.byteLength(frame);
  if (bytes > FRAME_MAX_BYTES) {
    return refused(
      'too-large',
      '',
      `frame of ${bytes} bytes; at most ${FRAME_MAX_BYTES}: send fewer events, or less evidence`,
    );
  }
  const document = parseJson(frame);
  if (document === undefined) return refused('not-json', '', 'frame is not JSON: send one JSON object a text frame');
  const type = typeof document === 'object' && document !== null && 'type' in document ? document.type : undefined;
  const schema = isMessageType(type) ? agentMessages[type] : undefined;
  if (schema === undefined) {
    const known = Object.keys(agentMessages).join(', ');
    return refused('unknown-type', '/type', `type ${quote(type)} is not a message of an agent: send one of ${known}`);
  }
  const parsed = schema.safeParse(document);
  if (parsed.success) return { ok: true, message: parsed.data };
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  const code = type === 'hello' && path[0] === 'v' ? 'version' : 'invalid';
  const more = parsed.error.issues.length > 1 ? ` (and ${parsed.error.issues.length - 1} more)` : '';
  return refused(code, pointer(path), `${String(type)}${pointer(path)}: ${issue?.message ?? 'invalid'}${more}`);
}

function isMessageType(type: unknown): type is keyof typeof agentMessages {
  return typeof type === 'string' && Object.hasOwn(agentMessages, type);
}

function refused(code: RefuseCode, path: string, message: string): ParsedMessage {
  return { ok: false, refuse: { type: 'refuse', code, path, message } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 64)) : `(${typeof value})`;
}

function depthWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => depthWithin(inner, levels - 1));
}
