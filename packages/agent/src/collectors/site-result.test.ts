import { describe, expect, it } from 'vitest';
import { readSiteResult } from './site-result.ts';

const OK = { state: 'ok', text: 'fine' };
function read(value: unknown) {
  return readSiteResult(typeof value === 'string' ? value : JSON.stringify(value));
}

describe('what a site check printed', () => {
  it('is taken as it is', () => {
    expect(read({ ...OK, values: { free_bytes: 1.5e9, mounts: 3 } })).toEqual({
      ...OK,
      class: null,
      gpu: null,
      values: { free_bytes: 1.5e9, mounts: 3 },
    });
    const gpu = { uuid: 'GPU-0a1b2c3d-0000-4000-8000-000000000000', pciBusId: '00000000:1B:00.0' };
    expect(read({ state: 'fault', text: 'slow', class: 'reset', gpu })).toEqual({
      state: 'fault',
      text: 'slow',
      class: 'reset',
      gpu: { uuid: gpu.uuid, pciBusId: '0000:1b:00.0' },
      values: {},
    });
  });

  it('is a note to watch when a fault has no class', () => {
    expect(read({ state: 'fault', text: 'odd' })).toMatchObject({ state: 'fault', class: 'watch', gpu: null });
  });

  it('has no class, GPU or values where it cannot tell', () => {
    const all = { class: 'reboot', gpu: { uuid: 'GPU-1' }, values: { a: 1 } };
    expect(read({ state: 'unknown', text: 'no network', ...all })).toEqual({
      state: 'unknown',
      text: 'no network',
      class: null,
      gpu: null,
      values: {},
    });
    expect(read({ ...OK, ...all })).toMatchObject({ class: null, gpu: null, values: { a: 1 } });
  });

  it.each([
    ['nothing', '', /printed nothing instead of one JSON object/],
    ['blanks', ' \n ', /printed nothing/],
    ['a word', 'OK\n', /printed "OK\\n" instead/],
    ['two objects', `${JSON.stringify(OK)}\n${JSON.stringify(OK)}`, /instead of one JSON object/],
    ['half an object', '{"state":"ok","te', /instead of one JSON object/],
    ['a list', [OK], /the result is no JSON object/],
    ['null', null, /the result is no JSON object/],
    ['a number', 0, /the result is no JSON object/],
    ['bytes', '\u0000\uFFFD\u001b[2J', /instead of one JSON object/],
    ['depth', '['.repeat(60_000), /instead of one JSON object/],
    ['no state', { text: 'fine' }, /state is \(undefined\): write ok, fault or unknown/],
    ['another state', { ...OK, state: 'OK' }, /state is "OK"/],
    ['a state that every object has', { ...OK, state: 'constructor' }, /state is "constructor"/],
    ['no text', { state: 'ok' }, /text is missing/],
    ['an empty text', { state: 'ok', text: ' ' }, /text is missing/],
    ['a long text', { state: 'ok', text: 'x'.repeat(513) }, /text has 513 characters; at most 512/],
    ['a misspelt key', { ...OK, clas: 'reset' }, /the result has "clas": its keys are/],
    ['a class that is none of its', { ...OK, class: 'domain' }, /class is "domain": write one of watch/],
    ['a class of null', { ...OK, class: null }, /class is \(null\)/],
    ['a GPU by number', { ...OK, gpu: 0 }, /gpu is no JSON object/],
    ['a GPU without a name', { ...OK, gpu: {} }, /gpu names none/],
    ['a GPU with a path', { ...OK, gpu: { uuid: '../x' } }, /gpu\.uuid is "\.\.\/x"/],
    ['a GPU at no address', { ...OK, gpu: { pciBusId: '1b' } }, /gpu\.pciBusId is "1b": write it as/],
    ['a GPU with another key', { ...OK, gpu: { index: 0 } }, /gpu has "index"/],
    ['values that are none', { ...OK, values: [1] }, /values is no JSON object/],
    ['a value as text', { ...OK, values: { a: '1' } }, /values\.a is no number/],
    ['a value without end', '{"state":"ok","text":"x","values":{"a":1e999}}', /values\.a is no number/],
    ['a name that is no label', { ...OK, values: { 'a-b': 1 } }, /values has "a-b"/],
    ['a prototype', '{"state":"ok","text":"x","values":{"__proto__":1}}', /values has "__proto__"/],
    [
      'too many values',
      { ...OK, values: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`v${n}`, n])) },
      /17/,
    ],
  ])('could not tell: %s', (_what, value, reason) => {
    expect(read(value)).toEqual({
      state: 'unknown',
      text: expect.stringMatching(reason),
      class: null,
      gpu: null,
      values: {},
    });
  });

  it('has a reason of a bounded length, whatever it was', () => {
    const shown = [
      read('x'.repeat(60_000)),
      read({ ['k'.repeat(60_000)]: 1 }),
      read({ ...OK, class: 'c'.repeat(60_000) }),
    ];
    for (const { state, text } of shown) expect([state, text.length <= 512]).toEqual(['unknown', true]);
  });
});
