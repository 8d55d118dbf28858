import { hostFixture } from '../model/host.fixture.ts';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { parseAggregatorMessage } from './guard.ts';
import { FRAME_MAX_BYTES } from './messages.ts';
import type { AgentMessage, AggregatorMessage } from './messages.ts';
import { agentMessages, aggregatorMessages, parseAgentMessage } from './schema.ts';

type Parsed<Schemas extends Record<string, z.ZodType>> = z.infer<Schemas[keyof Schemas]>;
/** `true` only when each is assignable to the other: fails to compile otherwise. Tuples, so that unions do not distribute. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : 'second is not the first') : 'first is not the second';
/** Compared message by message: a union as a whole would hide an optional field that only one side has. */
type OfType<Message, Type> = Extract<Message, { readonly type: Type }>;
type AgentTypesAgree = {
  [Type in AgentMessage['type']]: Same<OfType<Parsed<typeof agentMessages>, Type>, OfType<AgentMessage, Type>>;
};
type AggregatorTypesAgree = {
  [Type in AggregatorMessage['type']]: Same<
    OfType<Parsed<typeof aggregatorMessages>, Type>,
    OfType<AggregatorMessage, Type>
  >;
};
const agentTypesAgree: AgentTypesAgree = { hello: true, report: true, events: true, beat: true, result: true };
const aggregatorTypesAgree: AggregatorTypesAgree = { welcome: true, ack: true, refuse: true, ask: true };

const AT = '2026-11-20T17:00:00.000Z';
const finding = {
  id: 'f1',
  gpu: { uuid: null, pciBusId: '0000:1b:00.0' },
  class: 'reboot',
  code: 'xid.79',
  strength: 'hard',
  action: 'drain-and-reboot',
  urgency: 'now',
  state: 'open',
  firstSeen: AT,
  lastSeen: AT,
  count: 1,
  evidence: [{ at: AT, source: 'kernel-log', text: 'NVRM: Xid (PCI:0000:1b:00): 79, GPU has fallen off the bus.' }],
  rule: 'off the bus',
};
const VALID = {
  hello: {
    type: 'hello',
    v: 1,
    node: 'gpu-17.sjc.example',
    agentId: 'a',
    streamId: 's',
    bootId: 'b',
    agentVersion: '0.1.0',
    hardware: { serial: null, gpus: [{ uuid: 'GPU-1', pciBusId: null, serial: null, model: null }] },
  },
  report: {
    type: 'report',
    reportId: 'r1',
    takenAt: AT,
    reason: 'interval',
    samples: { host: hostFixture(), tools: { hung: [{ tool: 'nvidia-smi', pid: 1, since: AT, processState: 'D' }] } },
    findings: [finding],
    collectors: [{ name: 'nvidia-smi', state: 'ok', required: true, reason: null, ageMs: 10 }],
  },
  events: { type: 'events', events: [{ seq: 1, kind: 'kernel.xid', at: AT, body: { xid: 79 } }] },
  beat: { type: 'beat', outboxDepth: 0, lost: 0, reportsDropped: 0 },
  result: { type: 'result', askId: 'q', state: 'ok', text: '' },
};

function refusal(message: unknown) {
  const parsed = parseAgentMessage(typeof message === 'string' ? message : JSON.stringify(message));
  return parsed.ok ? null : parsed.refuse;
}

describe('schema and types', () => {
  it('keeps the GPUs that were listed only', () => {
    const listed = [{ uuid: 'GPU-1', model: 'H100' }];
    const nvidia = { driverVersion: null, cudaVersion: null, attachedGpus: null, gpus: [], lost: [], listed };
    const sent = { ...VALID.report, samples: { nvidia } };
    expect(parseAgentMessage(JSON.stringify(sent))).toEqual({ ok: true, message: sent });
  });

  it('keeps what site checks told, and takes none with a name that is none', () => {
    const told = { class: null, gpu: null, values: { a: 1.5 }, endedAt: AT, toldAt: null, durationMs: 3 };
    const check = { name: 'disk', state: 'ok', text: 'fine', ...told };
    const sent = { ...VALID.report, samples: { site: { checks: [check] } } };
    expect(parseAgentMessage(JSON.stringify(sent))).toEqual({ ok: true, message: sent });
    const wrong = { ...VALID.report, samples: { site: { checks: [check, { ...check, name: '../disk' }] } } };
    expect(refusal(wrong)?.path).toBe('/samples/site/checks/1/name');
  });

  it('have the same messages', () => {
    expect(Object.keys(agentTypesAgree).sort()).toEqual(Object.keys(agentMessages).sort());
    expect(Object.keys(aggregatorTypesAgree).sort()).toEqual(Object.keys(aggregatorMessages).sort());
  });
});

describe('parseAgentMessage', () => {
  it.each(Object.entries(VALID))('takes a valid %s unchanged', (_type, message) => {
    expect(parseAgentMessage(JSON.stringify(message))).toEqual({ ok: true, message });
  });

  it('drops fields that it does not know', () => {
    expect(parseAgentMessage(JSON.stringify({ ...VALID.beat, load: 3 }))).toEqual({ ok: true, message: VALID.beat });
  });

  it.each([
    ['not JSON', '{"type":', 'not-json', ''],
    ['an array', '[]', 'unknown-type', '/type'],
    ['no type', '{}', 'unknown-type', '/type'],
    ['a property of every object', '{"type":"constructor"}', 'unknown-type', '/type'],
    ['another version', { ...VALID.hello, v: 2 }, 'version', '/v'],
    ['an upper-case node', { ...VALID.hello, node: 'GPU-17' }, 'invalid', '/node'],
    ['a node name with a trailing hyphen', { ...VALID.hello, node: 'gpu-' }, 'invalid', '/node'],
    ['a node name that is too long', { ...VALID.hello, node: `${'a.'.repeat(127)}a` }, 'invalid', '/node'],
    [
      'an unknown class',
      { ...VALID.report, findings: [finding, { ...finding, class: 'bad' }] },
      'invalid',
      '/findings/1/class',
    ],
    ['local time', { ...VALID.report, takenAt: '2026-11-20T17:00:00+01:00' }, 'invalid', '/takenAt'],
    ['a control byte in an id', { ...VALID.report, reportId: 'r\n1' }, 'invalid', '/reportId'],
    ['seq 0', { ...VALID.events, events: [{ ...VALID.events.events[0], seq: 0 }] }, 'invalid', '/events/0/seq'],
    ['no events', { ...VALID.events, events: [] }, 'invalid', '/events'],
    [
      'a number that is none',
      '{"type":"beat","outboxDepth":1e999,"lost":0,"reportsDropped":0}',
      'invalid',
      '/outboxDepth',
    ],
    [
      'too much evidence',
      { ...VALID.report, findings: [{ ...finding, evidence: Array(5).fill(finding.evidence[0]) }] },
      'invalid',
      '/findings/0/evidence',
    ],
    ['a frame over the limit', `"${'é'.repeat(FRAME_MAX_BYTES / 2)}"`, 'too-large', ''],
  ])('refuses %s, saying where', (_what, message, code, path) => {
    expect(refusal(message)).toMatchObject({ code, path });
    expect(refusal(message)?.message).toMatch(/\S/);
  });

  it('refuses a body that is nested too deep', () => {
    const body = JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`);
    expect(refusal({ ...VALID.events, events: [{ ...VALID.events.events[0], body }] })?.path).toBe('/events/0/body');
  });

  it.each(Object.entries(VALID))('says which field of %s is damaged', (type, message) => {
    const broken = [null, -1, '', [], {}, 'x'.repeat(5000), 1.5, true];
    const refusals = Object.keys(message)
      .filter((key) => key !== 'type')
      .flatMap((key) => broken.map((value) => ({ key, refuse: refusal({ ...message, [key]: value }) })));
    for (const { key, refuse } of refusals) {
      if (refuse !== null) expect(refuse.path.startsWith(`/${key}`)).toBe(true);
    }
    const refused = refusals.filter(({ refuse }) => refuse !== null).length;
    expect(refused, type).toBeGreaterThan(refusals.length / 2);
  });

  it('refuses every frame that was cut short', () => {
    const frame = JSON.stringify(VALID.events);
    for (let end = 0; end < frame.length; end++) expect(refusal(frame.slice(0, end))?.code).toBe('not-json');
  });
});

describe('parseAggregatorMessage', () => {
  const values = [
    null,
    0,
    7,
    -1,
    1.5,
    1e300,
    50,
    60_000,
    1e9,
    '',
    'x',
    'a\nb',
    'y'.repeat(200),
    'z'.repeat(5000),
    [],
    {},
  ];
  const candidates: unknown[] = [
    ...values,
    ...values.flatMap((a) => [
      { type: a },
      { type: 'ack', seq: a },
      ...values.flatMap((b) => [
        { type: 'welcome', ackedSeq: a, intervals: b },
        { type: 'welcome', ackedSeq: 1, intervals: { reportMs: a, beatMs: b } },
        { type: 'ask', askId: a, check: b },
        { type: 'refuse', code: 'x', path: a, message: b },
        { type: 'refuse', code: a, path: '', message: b },
      ]),
    ]),
  ];

  it('agrees with the schemas on good and bad values of every field', () => {
    let taken = 0;
    for (const candidate of candidates) {
      const byHand = parseAggregatorMessage(JSON.stringify(candidate));
      const bySchema = Object.values(aggregatorMessages).map((schema) => schema.safeParse(candidate));
      expect(byHand, JSON.stringify(candidate).slice(0, 200)).toEqual(
        bySchema.find(({ success }) => success)?.data ?? null,
      );
      if (byHand !== null) taken += 1;
    }
    expect(taken).toBeGreaterThan(20);
    expect(taken).toBeLessThan(candidates.length / 2);
  });

  it('takes nothing that is not JSON, or too long', () => {
    expect(parseAggregatorMessage('{"type":"ack","seq":')).toBeNull();
    expect(parseAggregatorMessage(`{"type":"ack","seq":1}${' '.repeat(FRAME_MAX_BYTES)}`)).toBeNull();
  });

  it('takes each message', () => {
    const messages: AggregatorMessage[] = [
      { type: 'welcome', ackedSeq: 7, intervals: { reportMs: 60_000, beatMs: 10_000 } },
      { type: 'ack', seq: 7 },
      { type: 'refuse', code: 'invalid', path: '/events/0', message: 'x' },
      { type: 'ask', askId: 'q', check: 'report' },
    ];
    for (const message of messages) expect(parseAggregatorMessage(JSON.stringify(message))).toEqual(message);
  });
});
