/** Errors by part of the chip and bad pages of an AMD board, and what stands in place of a number where one belongs. */
import type { AmdErrorCounts, AmdRasBlock } from '@trivet/shared/model/amd.ts';
import { NOT_AVAILABLE, known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import { AMD_BLOCKS_MAX } from '@trivet/shared/protocol/limits.ts';
import { isList, isObject } from './amd-json.ts';
import type { JsonObject } from './amd-json.ts';
import { at, counter, of } from './amd-logical.ts';
import type { LogicalGpu } from './amd-logical.ts';
import { count, errorIn, flag, highest, text, valueAt } from './amd-reading.ts';
import type { Parse, ValueAt } from './amd-reading.ts';

/** Readings that a working board gives as a number or does not give at all. */
const CORE = [
  'metric/temperature/edge',
  'metric/temperature/hotspot',
  'metric/temperature/mem',
  'metric/mem_usage/total_vram',
  'metric/mem_usage/used_vram',
  'metric/power/socket_power',
  'metric/usage/gfx_activity',
  'metric/ecc/total_correctable_count',
] as const;

export function errorTexts({ entry }: LogicalGpu): string[] {
  const core = CORE.flatMap((path) => {
    const said = errorIn(valueAt(entry, path));
    return said === null ? [] : [`${path}: ${said}`];
  });
  return [...core, ...unreadCounts(entry), ...unreadPages(entry)];
}

/** Errors that nothing mended, by part of the chip: a count that cannot be read is not none, whatever the total says. */
function unreadCounts(entry: JsonObject): string[] {
  const paths = ECC_SECTIONS.flatMap((section) =>
    blocksIn(valueAt(entry, section).value).map((block) => `${section}/${block}/uncorrectable_count`),
  );
  return ['metric/ecc/total_uncorrectable_count', ...paths.slice(0, AMD_BLOCKS_MAX)].flatMap((path) => {
    const { value } = valueAt(entry, path);
    const reading = value === undefined ? { unknown: NOT_AVAILABLE } : count(value);
    return known(reading) || reading.unknown === NOT_AVAILABLE ? [] : [`${path}: ${reading.unknown}`];
  });
}

function unreadPages(entry: JsonObject): string[] {
  return ['retired', 'pending', 'un_res'].flatMap((name) => {
    const { path, value } = valueAt(entry, `pages/${name}`);
    const reading = value === undefined ? { unknown: NOT_AVAILABLE } : pages(value);
    return known(reading) || reading.unknown === NOT_AVAILABLE ? [] : [`${path}: ${reading.unknown}`];
  });
}

/** The first name is that of 6.0. */
const ECC_SECTIONS = ['metric/ecc_block', 'metric/ecc_blocks'];

function blocksIn(section: ValueAt['value']): string[] {
  return isObject(section) ? Object.keys(section).filter((name) => /^\w{1,32}$/.test(name)) : [];
}

export function errors(board: readonly LogicalGpu[]): {
  readonly eccMode: Reading<boolean>;
  readonly eccTotal: AmdErrorCounts;
  readonly ras: readonly AmdRasBlock[];
} {
  const names = at(board, ...ECC_SECTIONS).flatMap(({ value }) => blocksIn(value));
  const blocks = new Set(names.map((name) => name.toUpperCase()));
  const counts = (...prefixes: readonly string[]): AmdErrorCounts => {
    const of = (kind: string) => counter(board, ...prefixes.map((prefix) => `${prefix}${kind}_count`));
    return { correctable: of('correctable'), uncorrectable: of('uncorrectable'), deferred: of('deferred') };
  };
  return {
    eccMode: of(board, flag, 'static/ras/ecc_block_state/UMC'),
    eccTotal: counts('metric/ecc/total_'),
    ras: [...blocks]
      .slice(0, AMD_BLOCKS_MAX)
      .map((block) => ({ block, ...counts(...ECC_SECTIONS.map((section) => `${section}/${block}/`)) })),
  };
}

/** `No bad pages found.`, a list, or the page itself where there is exactly one (`bad_pages`). */
const pages: Parse<number> = (value) => {
  if (typeof value === 'string' && /^no bad pages found/i.test(value.trim())) return { value: 0 };
  if (isList(value)) return { value: value.length };
  if (isObject(value)) return { value: 1 };
  const said = text(value);
  return known(said) ? { unknown: said.value } : said;
};

/** 0 switches the limit off, and all ones of 16 bits stand for none (`static`, `ras`). */
const threshold: Parse<number> = (value) => {
  const reading = count(value);
  const isNone = known(reading) && (reading.value === 0 || reading.value === 0xffff);
  return isNone ? { unknown: NOT_AVAILABLE } : reading;
};

export function badPages(board: readonly LogicalGpu[]) {
  const listed = (name: string): Reading<number> =>
    highest(board.map((logical) => of([logical], pages, `pages/${name}`)));
  return {
    badPagesRetired: listed('retired'),
    badPagesPending: listed('pending'),
    badPagesUnreservable: listed('un_res'),
    badPageThreshold: of(board, threshold, 'static/ras/bad_page_threshold'),
    badPageThresholdExceeded: of(board, flag, 'static/ras/bad_page_threshold_exceeded'),
  };
}
