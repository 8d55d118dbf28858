/**
 * One text of `nvidia-smi -q -x` made a value in base units, or unknown with a reason. Where an element stands depends on
 * the driver and the board (DTD numbers do not decide it), so a reading is asked for by several paths and the best answer
 * counts: a value, else an error text, else "not available", else absent.
 */
import { ABSENT, NOT_AVAILABLE, known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import type { XmlElement } from './nvidia-xml.ts';

/**
 * Texts that say "this board or driver has no such thing": no information and no fault (`Not available in WDDM driver
 * model`). All seen on healthy boards, except `Function Not Found` (old driver library) and `No data`, which are NVML's own words for the same.
 */
const NO_INFORMATION =
  /^(|N\/A|Not Supported|Not available\b.*|Requested functionality has been deprecated|Not Found|Function Not Found|No data)$/i;

/**
 * NVML's words for a call that failed (measured with driver 535, nvml.h), and those of other branches seen in the field. Not a
 * closed list: it keeps them out of names; of a reading that must be a number, anything else is an error too.
 */
const ERROR_TEXT =
  /^(GPU is lost|GPU is inaccessible|GPU requires reset|Unknown Error|Timeout|Corrupted infoROM|Insufficient Permissions|Invalid Argument|Uninitialized|Driver Not Loaded|In use|In use by another client|Insufficient Size|Insufficient Resources|Insufficient External Power|Interrupt Request Issue|GPU access blocked by the operating system|Driver\/library version mismatch|Invalid State|(?:Insufficient )?Memory|ERR!)$/i;

export interface TextAt {
  /** `fb_memory_usage/total` */
  readonly path: string;
  /** Null: no such element. */
  readonly text: string | null;
}

/** In brackets, as CSV prints it, a text means the same. */
function plain(text: string): string {
  if (!text.startsWith('[')) return text;
  return /^\[(.*)\]$/.exec(text)?.[1] ?? text;
}

/**
 * The text at a path. Where an element on the way holds plain text instead of children (`<remapped_rows>GPU is lost</…>`),
 * that text is the answer for everything below it. An element printed twice with two texts gives both, which is no value.
 */
export function textAt(gpu: XmlElement, path: string): TextAt {
  const texts: string[] = [];
  collect(gpu, namesOf(path), 0, texts);
  const first = texts[0] ?? null;
  if (texts.length < 2) return { path, text: first };
  return { path, text: texts.every((text) => text === first) ? first : [...new Set(texts)].join(' and ') };
}

function collect(element: XmlElement, names: readonly string[], depth: number, texts: string[]): void {
  const name = names[depth];
  let isThere = false;
  if (name !== undefined) {
    for (const next of element.children) {
      if (next.name !== name) continue;
      isThere = true;
      collect(next, names, depth + 1, texts);
    }
  }
  const isText = element.children.length === 0 && (name === undefined || (depth > 0 && element.text !== ''));
  if (!isThere && isText) texts.push(plain(element.text));
}

/** Paths are a closed set, read some hundred times for each GPU: each is taken apart once. */
const NAMES = new Map<string, readonly string[]>();

function namesOf(path: string): readonly string[] {
  const known = NAMES.get(path);
  if (known !== undefined) return known;
  const names = path.split('/');
  NAMES.set(path, names);
  return names;
}

function isErrorText(text: string): boolean {
  return ERROR_TEXT.test(text);
}

/** What stands in place of a value that `parse` takes, and does not merely say that there is none; else null. */
export function errorIn(at: TextAt, parse: (text: string) => unknown): string | null {
  const reading = read(at, parse);
  return known(reading) || reading.unknown === ABSENT || reading.unknown === NOT_AVAILABLE ? null : reading.unknown;
}

/** A text for what it says: identity and enumerations. */
export function textReading(at: TextAt): Reading<string> {
  return read(at, parseWords);
}

export const parseWords = (text: string): string | undefined =>
  isErrorText(text) || text.length > TEXT_MAX ? undefined : text;

export function read<T>({ text }: TextAt, parse: (text: string) => T | undefined): Reading<T> {
  if (text === null) return { unknown: ABSENT };
  if (!/^\d/.test(text) && NO_INFORMATION.test(text)) return { unknown: NOT_AVAILABLE };
  const value = parse(text);
  return value === undefined ? { unknown: text.slice(0, TEXT_MAX) } : { value };
}

/** Enough for any text of the tool; what is longer is not its own. */
const TEXT_MAX = 200;

/** The best of several places for one reading. */
export function best<T>(readings: readonly Reading<T>[]): Reading<T> {
  const isError = (reading: Reading<T>): boolean =>
    !known(reading) && reading.unknown !== ABSENT && reading.unknown !== NOT_AVAILABLE;
  return (
    readings.find(known) ??
    readings.find(isError) ??
    readings.find((reading) => !known(reading) && reading.unknown === NOT_AVAILABLE) ?? { unknown: ABSENT }
  );
}

/** One reading by several places: first that of today's drivers, then those of older ones. */
export function at<T>(
  element: XmlElement,
  parse: (text: string) => T | undefined,
  ...paths: readonly string[]
): Reading<T> {
  const [only] = paths;
  if (only !== undefined && paths.length === 1) return read(textAt(element, only), parse);
  return best(paths.map((path) => read(textAt(element, path), parse)));
}

/** Sum of counters kept by location. Locations that a board does not have are left out; one that could not be read voids the sum. */
export function sum(readings: readonly Reading<number>[]): Reading<number> {
  const values = readings.filter(known);
  const others = best(readings.filter((reading) => !known(reading)));
  const isError = !known(others) && others.unknown !== ABSENT && others.unknown !== NOT_AVAILABLE;
  if (values.length === 0 || isError) return others;
  return { value: values.reduce((total, { value }) => total + value, 0) };
}

/** The largest of several places for one counter: where two layouts stand side by side, neither hides an error from the other. */
export function most(readings: readonly Reading<number>[]): Reading<number> {
  const values = readings.filter(known);
  return values.length === 0 ? best(readings) : { value: Math.max(...values.map(({ value }) => value)) };
}

function number(text: string, unit: string): number | undefined {
  const found = /^(-?\d{1,18}(?:\.\d{1,9})?) ?(\S*)$/.exec(text);
  return found !== null && found[2] === unit ? Number(found[1]) : undefined;
}

function notNegative(value: number | undefined, scale = 1): number | undefined {
  return value === undefined || value < 0 ? undefined : value * scale;
}

/** Any number, with any unit or none. */
export const parseQuantity = (text: string): number | undefined => {
  const found = /^(-?\d{1,18}(?:\.\d{1,9})?)(?: ?[^\d\s]\S{0,15})?$/.exec(text);
  return found === null ? undefined : Number(found[1]);
};
export const parseCount = (text: string): number | undefined => {
  const value = notNegative(number(text, ''));
  return Number.isSafeInteger(value) ? value : undefined;
};
/** Margins may be below zero; what no sensor can measure is no reading. */
export const parseCelsius = (text: string): number | undefined => {
  const celsius = number(text, 'C');
  return celsius === undefined || celsius < -273 || celsius > 1000 ? undefined : celsius;
};
export const parseWatts = (text: string): number | undefined => notNegative(number(text, 'W'));
export const parseHertz = (text: string): number | undefined => notNegative(number(text, 'MHz'), 1e6);
export const parseBytes = (text: string): number | undefined => notNegative(number(text, 'MiB'), 1024 * 1024);
/** NVML counts in thousands of bytes (`nvmlDeviceGetPcieThroughput`). */
export const parseBytesPerSecond = (text: string): number | undefined => notNegative(number(text, 'KB/s'), 1000);
export const parseMicroseconds = (text: string): number | undefined => notNegative(number(text, 'us'));
/** `640 bank(s)` */
export const parseBanks = (text: string): number | undefined => notNegative(number(text, 'bank(s)'));
/** `P0` is the fastest, `P15` the slowest. */
export const parsePerformanceState = (text: string): number | undefined =>
  /^P(?:\d|1[0-5])$/.test(text) ? Number(text.slice(1)) : undefined;
/** `16x` */
export const parseWidth = (text: string): number | undefined => notNegative(number(text, 'x'));
export const parseRatio = (text: string): number | undefined => {
  const percent = notNegative(number(text, '%'));
  return percent === undefined || percent > 100 ? undefined : percent / 100;
};

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['no', false],
  ['enabled', true],
  ['disabled', false],
  ['active', true],
  ['not active', false],
  ['true', true],
  ['false', false],
]);
export const parseFlag = (text: string): boolean | undefined => FLAGS.get(text.toLowerCase());
