/** When hardware is still the hardware that was accepted. */
import { describe, expect, it } from 'vitest';
import type { Hardware } from '@trivet/shared/model/node.ts';
import { acceptHardware, compareIdentity } from './identity.ts';

function hardware(...uuids: (string | null)[]): Hardware {
  return { serial: null, gpus: uuids.map((uuid) => ({ uuid, pciBusId: null, serial: null, model: null })) };
}

describe('GPUs', () => {
  it.each([
    ['the same', hardware('a', 'b'), hardware('b', 'a'), 'ok'],
    ['one has dropped off', hardware('a', 'b'), hardware('a'), 'ok'],
    ['one has lost its UUID', hardware('a', 'b'), hardware('a', null), 'ok'],
    ['one was swapped', hardware('a', 'b'), hardware('a', 'c'), 'mismatch'],
    ['one more than ever', hardware('a'), hardware('a', 'b'), 'mismatch'],
    ['one shows its UUID at last', hardware('a', null), hardware('a', 'b'), 'ok'],
    ['more show a UUID than were without', hardware('a', null), hardware('b', 'c'), 'mismatch'],
    ['none was ever seen', hardware(), hardware('a', 'b'), 'ok'],
  ])('%s', (_name, accepted, seen, identity) => {
    expect(compareIdentity(accepted, seen, null)).toBe(identity);
  });

  it('that show their UUID at last are accepted with it, those that drop off stay', () => {
    const complete = acceptHardware(hardware('a', null), hardware('a', 'b'), 'ok');
    expect(complete).toEqual(hardware('a', 'b'));
    expect(acceptHardware(complete, hardware(null), 'ok')).toEqual(hardware('a', 'b'));
    expect(compareIdentity(complete, hardware('a', 'c'), null)).toBe('mismatch');
  });
});
