import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLog } from './log.ts';
import { TokenFile } from './token-file.ts';

let directory: string;
let path: string;
let logged: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'trivet-token-'));
  path = join(directory, 'token');
  logged = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function file(content: string, mode: number): TokenFile {
  writeFileSync(path, content);
  chmodSync(path, mode);
  return new TokenFile(path, createLog({ level: 'debug', now: () => 0, write: (line) => logged.push(line) }));
}

it('reads the token anew each time, without its line feed', () => {
  const token = file('c2VjcmV0\n', 0o600);
  expect(token.read()).toBe('c2VjcmV0');
  writeFileSync(path, 'another.one-2==');
  expect(token.read()).toBe('another.one-2==');
  expect(logged).toEqual([]);
});

it.each([0o640, 0o604, 0o644, 0o660])('says once that a file of mode %o may be read by others, and uses it', (mode) => {
  const token = file('c2VjcmV0', mode);
  expect(token.read()).toBe('c2VjcmV0');
  expect(token.read()).toBe('c2VjcmV0');
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('chmod 600');
  expect(logged[0]).not.toContain('c2VjcmV0');
});

it('does not suspect what systemd hands over', () => {
  file('c2VjcmV0', 0o440);
  const log = createLog({ level: 'debug', now: () => 0, write: (line) => logged.push(line) });
  expect(new TokenFile(path, log, directory).read()).toBe('c2VjcmV0');
  expect(logged).toEqual([]);
});

it.each(['', '\n', 'two words', 'a\r\nx-other: header', 'ümlaut', '"quoted"'])(
  'refuses %j, which is no token, without repeating it',
  (content) => {
    const token = file(content, 0o600);
    expect(() => token.read()).toThrow(/holds no token .*one line/);
    if (content.trim() !== '') expect(() => token.read()).not.toThrow(content.trim());
  },
);

it('says what to do about a file that is not there', () => {
  const token = new TokenFile(path, createLog({ level: 'debug', now: () => 0, write: () => {} }));
  expect(() => token.read()).toThrow(/ENOENT.*check the path/);
});
