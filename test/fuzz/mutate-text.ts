/**
 * Damage that needs no understanding: bytes, lines, numbers, words. Every mutation is drawn from a seeded stream and takes
 * time in proportion to the text.
 */
import type { Random } from '@trivet/simulator/random.ts';

export type Mutation = (text: string, random: Random) => string;

/** Texts that the tool prints where a value should be, and values that no board has. */
export const HOSTILE_VALUES = [
  'GPU is lost',
  'GPU requires reset',
  'Unknown Error',
  '[Unknown Error]',
  'ERR!',
  'N/A',
  '[N/A]',
  'None',
  '',
  ' ',
  'Timeout',
  'Insufficient Permissions',
  'Yes',
  'No',
  'Active',
  'Not Active',
  'Enabled',
  'Disabled',
  '0',
  '-0',
  '1',
  '-1',
  '-5 C',
  '99999999999999999999',
  '9007199254740993',
  '1e308',
  '1e5',
  '0x10',
  'NaN',
  'Infinity',
  '1,234',
  '٣',
  '0 MiB',
  '40 F',
  '40 GiB',
  '1.5.2',
  '00',
  '١',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'true',
  '&#0;',
  '&#x110000;',
  '&unknown;',
  '&amp;lt;',
  '<![CDATA[x]]>',
  '<!-- x -->',
  '\0',
  '\u2028',
  '\uFEFF',
  'a'.repeat(5000),
  'Reset',
  'Reboot',
  'Drain and Reset',
] as const;

/** Bytes and pieces that parsers stumble over. */
const PIECES = [
  '<',
  '>',
  '/',
  '"',
  "'",
  '&',
  ';',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?',
  '?>',
  '</gpu>',
  '<gpu>',
  '\0',
  '\r',
  '\n',
  '[]'.repeat(40),
  '<!DOCTYPE x [',
  '<a>'.repeat(40),
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '\t',
  '\u0085',
  '\ud800',
  '<!ENTITY a "&a;&a;">',
] as const;

/** As if read from a pipe: what is no UTF-8 becomes U+FFFD. */
function onBytes(text: string, change: (bytes: Buffer) => Buffer): string {
  return change(Buffer.from(text)).toString('utf8');
}

function onLines(text: string, change: (lines: string[]) => string[]): string {
  return change(text.split('\n')).join('\n');
}

/** A part of at most `longest` units, somewhere. */
function span(length: number, longest: number, random: Random): readonly [from: number, to: number] {
  const from = random.int(length + 1);
  return [from, Math.min(length, from + random.int(longest) + 1)];
}

function swapLines(lines: string[], random: Random): string[] {
  const [a, b] = [random.int(lines.length), random.int(lines.length)];
  return lines.map((line, index) => (index === a ? (lines[b] ?? '') : index === b ? (lines[a] ?? '') : line));
}

/** One of the numbers of the text is another. */
function changeNumber(text: string, random: Random): string {
  const found = [...text.matchAll(/\d+/g)];
  if (found.length === 0) return text;
  const number = random.pick(found);
  const instead = random.pick([
    '0',
    '1',
    '-1',
    '65',
    '99999999999999999999',
    '1e9',
    'NaN',
    '',
    String(random.int(1e9)),
  ]);
  return text.slice(0, number.index) + instead + text.slice(number.index + number[0].length);
}

function insert(text: string, piece: string, random: Random): string {
  const at = random.int(text.length + 1);
  return text.slice(0, at) + piece + text.slice(at);
}

export const TEXT_MUTATIONS = {
  'flip-bit': (text, random) =>
    onBytes(text, (bytes) => {
      const at = random.int(bytes.length || 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
      return bytes;
    }),
  'set-byte': (text, random) =>
    onBytes(text, (bytes) => {
      bytes[random.int(bytes.length || 1)] = random.pick([
        0, 9, 10, 13, 0x3c, 0x3e, 0x26, 0x7f, 0x80, 0xc0, 0xed, 0xff,
      ]);
      return bytes;
    }),
  'delete-bytes': (text, random) =>
    onBytes(text, (bytes) => {
      const [from, to] = span(bytes.length, 200, random);
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    }),
  'repeat-bytes': (text, random) => {
    const [from, to] = span(text.length, 300, random);
    return text.slice(0, to) + text.slice(from);
  },
  'insert-piece': (text, random) => insert(text, random.pick(PIECES), random),
  'insert-value': (text, random) => insert(text, random.pick(HOSTILE_VALUES), random),
  'delete-lines': (text, random) =>
    onLines(text, (lines) => lines.toSpliced(random.int(lines.length), 1 + random.int(20))),
  'repeat-lines': (text, random) =>
    onLines(text, (lines) => {
      const [from, to] = span(lines.length, 20, random);
      return lines.toSpliced(to, 0, ...lines.slice(from, to));
    }),
  'swap-lines': (text, random) => onLines(text, (lines) => swapLines(lines, random)),
  'change-number': changeNumber,
  cut: (text, random) => text.slice(0, random.int(text.length + 1)),
  behead: (text, random) => text.slice(random.int(text.length + 1)),
  'windows-line-ends': (text) => text.replaceAll('\n', '\r\n'),
  'text-before': (text, random) =>
    `${random.pick(['WARNING: slow\n', '\n\n', '\uFEFF', 'x', '\0', '{"a":1}\n'])}${text}`,
  'text-after': (text, random) =>
    `${text}${random.pick(['Failed to shut down\n', '\n\n', '\0', '<', '<!-- x -->', 'x'])}`,
} satisfies Readonly<Record<string, Mutation>>;
