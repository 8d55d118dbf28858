import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { admit } from './admit.ts';

const TOKEN = 'a-token-of-sixteen-characters';

function from(remoteAddress: string | undefined, headers: Record<string, string> = {}) {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress });
  return { socket, headers };
}

describe('who may make nodes work', () => {
  it('with a token: whoever shows it, from anywhere', () => {
    expect(admit(from('192.0.2.7', { authorization: `Bearer ${TOKEN}` }), TOKEN)).toBe('token');
  });

  it.each([
    ['none', {}],
    ['another', { authorization: 'Bearer another-token-of-some-length' }],
    ['part of it', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['it without a scheme', { authorization: TOKEN }],
    ['it in another scheme', { authorization: `Basic ${TOKEN}` }],
  ])('with a token: nobody who shows %s, not even on the same host', (_what, headers) => {
    expect(() => admit(from('127.0.0.1', headers), TOKEN)).toThrow(
      expect.objectContaining({ code: 'access.unauthorised', status: 401 }),
    );
  });

  it.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])(
    'without one: a program on the host, %s',
    (address) => {
      expect(admit(from(address), null)).toBe('loopback');
    },
  );

  it.each(['192.0.2.7', '10.127.0.1', '::ffff:192.0.2.7', '2001:db8::1', '::', undefined])(
    'without one: nobody else, %s',
    (address) => {
      expect(() => admit(from(address), null)).toThrow(
        expect.objectContaining({ code: 'access.refused', status: 403 }),
      );
    },
  );

  it.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'])(
    'without one: nobody behind a proxy on the host, which says so in %s',
    (name) => {
      expect(() => admit(from('127.0.0.1', { [name]: '192.0.2.7' }), null)).toThrow('apiTokenFile');
    },
  );

  it('never a page of a browser', () => {
    const headers = { origin: 'http://evil.example', authorization: `Bearer ${TOKEN}` };
    expect(() => admit(from('127.0.0.1', headers), TOKEN)).toThrow('browser');
    expect(() => admit(from('127.0.0.1', { origin: 'null' }), null)).toThrow('browser');
  });
});
