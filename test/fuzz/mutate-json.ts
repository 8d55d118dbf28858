/** Damage that knows JSON: a value, a key or an entry is another, is gone, or is there twice. */
import type { Random } from '@trivet/simulator/random.ts';
import { HOSTILE_VALUES } from './mutate-text.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Place {
  readonly parent: Json[] | { [key: string]: Json };
  readonly key: string;
}

/** More than the tools print; a document that was blown up may have as many as it likes. */
const PLACES_MAX = 20_000;

function placesIn(root: Json): Place[] {
  const places: Place[] = [];
  const open: Json[] = [root];
  for (let value = open.pop(); value !== undefined && places.length < PLACES_MAX; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Object.keys(value)) {
      places.push({ parent: value, key });
      open.push(get({ parent: value, key }));
    }
  }
  return places;
}

function get({ parent, key }: Place): Json {
  return (Array.isArray(parent) ? parent[Number(key)] : parent[key]) ?? null;
}

function set({ parent, key }: Place, value: Json): void {
  if (Array.isArray(parent)) parent[Number(key)] = value;
  else Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

const HOSTILE: readonly Json[] = [
  ...HOSTILE_VALUES,
  ...[0, 1, -1, 65, 1e9, 1e21, 2 ** 64, 0.5].flatMap((value) => [value, { value, unit: 'C' }]),
  null,
  true,
  false,
  [],
  {},
  [[]],
  { value: 'N/A' },
  { value: 'N/A', unit: 'N/A' },
];

const CHANGES: readonly ((place: Place, random: Random, other: Json) => void)[] = [
  (place, random) => set(place, structuredClone(random.pick(HOSTILE))),
  (place, random) => set(place, structuredClone(random.pick(HOSTILE))),
  ({ parent, key }) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  },
  (place) => {
    if (Array.isArray(place.parent)) place.parent.push(structuredClone(get(place)));
  },
  (place, random, other) => {
    const theirs = placesIn(other).filter(({ key }) => key === place.key);
    if (theirs.length > 0) set(place, structuredClone(get(random.pick(theirs))));
  },
  ({ parent, key }, random) => {
    if (Array.isArray(parent)) return;
    const value = parent[key] ?? null;
    delete parent[key];
    parent[random.pick([key.toUpperCase(), key.replaceAll('_', ' '), `${key}_new`])] = value;
  },
];

/** One change, printed as Python prints it; the text itself where it is no JSON. */
export function mutateJson(text: string, random: Random, other: string): string {
  const root = parse(text);
  const places = root === undefined ? [] : placesIn(root);
  if (root === undefined || places.length === 0) return text;
  random.pick(CHANGES)(random.pick(places), random, parse(other) ?? null);
  return JSON.stringify(root, null, 4);
}

export function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
