/**
 * One value of an AMD tool made a reading in base units. The same thing is a number, a text (`"16 W"`, `"(800Mhz)"`), an object
 * (`{"value": 16, "unit": "W"}`) or `N/A` in any of these, by release and board; which it is decides nothing.
 */
import { ABSENT, NOT_AVAILABLE, known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import { ID_MAX } from '@trivet/shared/protocol/limits.ts';
import { field, isObject } from './amd-json.ts';
import type { Json, JsonObject } from './amd-json.ts';
import { best } from './nvidia-reading.ts';

export interface ValueAt {
  /** `metric/power/socket_power` */
  readonly path: string;
  /** Undefined: no such key. */
  readonly value: Json | undefined;
}

/** A text where an object should be (`"ecc_blocks": "N/A"`) is the answer for everything below it. */
export function valueAt(entry: JsonObject, path: string): ValueAt {
  let value: Json | undefined = entry;
  for (const key of path.split('/')) {
    if (isObject(value)) value = field(value, key);
    else return { path, value: typeof value === 'string' ? value : undefined };
  }
  return { path, value };
}

export type Parse<T> = (value: Json) => Reading<T>;

/** The best of several places and several logical GPUs of one board. */
export function read<T>(places: readonly ValueAt[], parse: Parse<T>): Reading<T> {
  return best(places.map(({ value }) => (value === undefined ? { unknown: ABSENT } : parse(value))));
}

/** Of counters that several logical GPUs show of one board the highest: they count the same errors, or nothing. */
export function highest(readings: readonly Reading<number>[]): Reading<number> {
  const values = readings.filter(known).map(({ value }) => value);
  return values.length === 0 ? best(readings) : { value: Math.max(...values) };
}

const NO_INFORMATION = /^(|N\/?A\b.*|None|Not Supported|Not available|Unsupported|unknown)$/i;
/** Enough for any value of the tools; what is longer is not their own. */
const TEXT_MAX = 200;

/** What is in place of a value: nothing, or something that is not one. */
function unknown(value: Json): { readonly unknown: string } {
  if (value === null) return { unknown: NOT_AVAILABLE };
  const text = typeof value === 'object' ? 'not a single value' : String(value);
  return { unknown: NO_INFORMATION.test(text.trim()) ? NOT_AVAILABLE : text.slice(0, TEXT_MAX) };
}

interface Unit {
  readonly of: Quantity;
  readonly scale: number;
}
type Quantity = 'watts' | 'joules' | 'celsius' | 'hertz' | 'bytes' | 'ratio' | 'transfers' | 'rate';

/** amd-smi divides bytes by 1024 for each step and calls the result KB, MB and GB (amdsmi_commands.py, `mem_usage`). */
const UNITS: ReadonlyMap<string, Unit> = new Map([
  ['w', { of: 'watts', scale: 1 }],
  ['mw', { of: 'watts', scale: 1e-3 }],
  ['uw', { of: 'watts', scale: 1e-6 }],
  ['j', { of: 'joules', scale: 1 }],
  ['uj', { of: 'joules', scale: 1e-6 }],
  ['c', { of: 'celsius', scale: 1 }],
  ['°c', { of: 'celsius', scale: 1 }],
  ['hz', { of: 'hertz', scale: 1 }],
  ['mhz', { of: 'hertz', scale: 1e6 }],
  ['ghz', { of: 'hertz', scale: 1e9 }],
  ['b', { of: 'bytes', scale: 1 }],
  ['kb', { of: 'bytes', scale: 1024 }],
  ['mb', { of: 'bytes', scale: 1024 ** 2 }],
  ['gb', { of: 'bytes', scale: 1024 ** 3 }],
  ['%', { of: 'ratio', scale: 0.01 }],
  ['mt/s', { of: 'transfers', scale: 1e6 }],
  ['gt/s', { of: 'transfers', scale: 1e9 }],
  // Bits, in bytes (amdsmi.h, `pcie_bandwidth`).
  ['mb/s', { of: 'rate', scale: 1e6 / 8 }],
]);

interface Amount {
  readonly number: number;
  /** Lower case; empty where none was printed. */
  readonly unit: string;
}

function amount(value: Json): Amount | null {
  if (typeof value === 'number') return { number: value, unit: '' };
  if (isObject(value)) {
    const inner = field(value, 'value');
    const found = inner === undefined || isObject(inner) ? null : amount(inner);
    const unit = field(value, 'unit');
    return found === null || typeof unit !== 'string' || unit === '' ? found : { ...found, unit: unit.toLowerCase() };
  }
  const found =
    typeof value === 'string' ? /^\(?(-?\d{1,20}(?:\.\d{1,9})?) ?([^\s\d()]{0,6})\)?$/.exec(value.trim()) : null;
  return found === null ? null : { number: Number(found[1]), unit: (found[2] ?? '').toLowerCase() };
}

/** What stands in place of the number is the text inside, if there is one. */
function innermost(value: Json): Json {
  if (!isObject(value)) return value;
  const inner = field(value, 'value');
  return inner === undefined ? 'not a single value' : inner;
}

/** All bits of an unsigned integer of 16, 32 or 64 bits: the driver's own sign that a board has no such sensor (gpu_metrics). */
const NO_SENSOR: ReadonlySet<number> = new Set([0xffff, 0xff_ff_ff_ff, 2 ** 64]);

/** `plain`: the unit of a number that comes without one. */
function quantity(of: Quantity, plain: string): Parse<number> {
  return (value) => {
    const found = amount(value);
    if (found === null) return unknown(innermost(value));
    if (NO_SENSOR.has(found.number)) return { unknown: NOT_AVAILABLE };
    const unit = UNITS.get(found.unit === '' ? plain : found.unit);
    if (unit === undefined || unit.of !== of) return { unknown: `${found.number} ${found.unit}` };
    const scaled = found.number * unit.scale;
    const isPossible = of === 'celsius' || (scaled >= 0 && (of !== 'ratio' || scaled <= 1));
    return isPossible && Number.isFinite(scaled) ? { value: scaled } : { unknown: `${found.number} ${found.unit}` };
  };
}

export const watts = quantity('watts', 'w');
export const joules = quantity('joules', 'j');
export const microjoules = quantity('joules', 'uj');
export const celsius = quantity('celsius', 'c');
export const megahertz = quantity('hertz', 'mhz');
export const mebibytes = quantity('bytes', 'mb');
export const bytes = quantity('bytes', 'b');
export const percent = quantity('ratio', '%');
export const gigatransfers = quantity('transfers', 'gt/s');
export const megabits = quantity('rate', 'mb/s');

/** All ones in 32 or 64 bits, as for `NO_SENSOR`; of 16 bits they may be a count. */
const NO_COUNTER: ReadonlySet<number> = new Set([0xff_ff_ff_ff, 2 ** 64]);

export const count: Parse<number> = (value) => {
  const found = amount(value);
  if (found === null) return unknown(innermost(value));
  if (NO_COUNTER.has(found.number)) return { unknown: NOT_AVAILABLE };
  const isCount = found.unit === '' && Number.isSafeInteger(found.number) && found.number >= 0;
  return isCount ? { value: found.number } : unknown(value);
};

/** `16`, `"16"`, `"x16"`; 0 lanes are no link. */
export const lanes: Parse<number> = (value) => {
  const reading = count(typeof value === 'string' ? value.trim().replace(/^x(?=\d)/i, '') : value);
  return known(reading) && (reading.value === 0 || reading.value > 64) ? { unknown: NOT_AVAILABLE } : reading;
};

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['enabled', true],
  ['disabled', false],
  ['active', true],
  ['not active', false],
  ['throttled', true],
  ['unthrottled', false],
]);

export const flag: Parse<boolean> = (value) => {
  const inner = innermost(value);
  const found = FLAGS.get(String(inner).trim().toLowerCase());
  return found === undefined ? unknown(inner) : { value: found };
};

export const text: Parse<string> = (value) => {
  const plain = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : null;
  if (plain === null || plain.length > TEXT_MAX || NO_INFORMATION.test(plain)) return unknown(value);
  return { value: plain.replaceAll(/\p{Cc}/gu, ' ') };
};

/** A name that tells a board from others. Boards without one print `0` or `N/A` (MI210), or only zeros. */
export function identifier(places: readonly ValueAt[]): string | null {
  for (const { value } of places) {
    const found = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
    const isName = found.length <= ID_MAX && !NO_INFORMATION.test(found) && !/^(0x)?[0-]*$/i.test(found);
    if (isName && !/\p{Cc}/u.test(found)) return found;
  }
  return null;
}

/** What stands in place of a number and does not merely say that there is none; else null. */
export function errorIn({ value }: ValueAt): string | null {
  if (value === undefined || amount(value) !== null) return null;
  const { unknown: said } = unknown(innermost(value));
  return said === NOT_AVAILABLE ? null : said;
}
