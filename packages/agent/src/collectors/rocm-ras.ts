/**
 * RAS counters and bad pages as rocm-smi prints them for people: with `--json` it has none (`WARNING: No JSON data to report`).
 * Tables, one for each GPU, under a line `GPU[0]:  RAS INFO` or `GPU[0]:  ALL PAGES INFO`.
 */
import type { AmdErrorCounts, AmdRasBlock } from '@trivet/shared/model/amd.ts';
import { ABSENT, known } from '@trivet/shared/model/gpu.ts';
import type { Reading } from '@trivet/shared/model/gpu.ts';
import { AMD_BLOCKS_MAX } from '@trivet/shared/protocol/limits.ts';
import { count } from './amd-reading.ts';

export interface RasOfCard {
  readonly ras: readonly AmdRasBlock[];
  readonly retired: Reading<number>;
  readonly pending: Reading<number>;
  readonly unreservable: Reading<number>;
}

/** A table has 14 blocks, or a line for each bad page, of which a board has some hundreds at most (bad_page_threshold). */
const LINES_MAX = 100_000;
const LINE_MAX = 1024;

const TITLE = /^\s*GPU\[(\d{1,4})\]\s*:\s*(RAS|[A-Z]+ PAGES) INFO/i;
const BLOCK = /^\s*([A-Z][A-Z0-9_]{1,15})\s+[A-Z]+(?: [A-Z]+)?\s+(\d{1,18})\s+(\d{1,18})\s*$/;
const PAGE = /^\s*0x[0-9a-f]+\s+0x[0-9a-f]+\s+(reserved|pending|unreservable)\s*$/i;

/** By number of the card. A card whose table is missing is missing. */
export function readRasText(text: string): ReadonlyMap<number, RasOfCard> {
  const cards = new Map<number, { ras: AmdRasBlock[]; pages: string[] | null }>();
  let card: { ras: AmdRasBlock[]; pages: string[] | null } | null = null;
  for (const line of text.split(/\r?\n/, LINES_MAX)) {
    if (line.length > LINE_MAX) continue;
    const title = TITLE.exec(line);
    if (title !== null) {
      const number = Number(title[1]);
      card = cards.get(number) ?? { ras: [], pages: null };
      if (/PAGES/i.test(title[2] ?? '')) card.pages ??= [];
      cards.set(number, card);
    }
    if (card === null) continue;
    const page = PAGE.exec(line)?.[1];
    if (page !== undefined) card.pages?.push(page.toLowerCase());
    const block = blockOf(line);
    if (block !== null && card.ras.length < AMD_BLOCKS_MAX) card.ras.push(block);
  }
  return new Map([...cards].map(([number, { ras, pages }]) => [number, { ras, ...pagesOf(pages) }]));
}

/**
 * The headings read `uncorrectable err  correctable err`, and the numbers under them come in the other order: correctable first
 * (rocm_smi.py, `showRasInfo`, the same from 5.2 to the last release). Read by its heading, every corrected error would drain.
 */
function blockOf(line: string): AmdRasBlock | null {
  const [, block, correctable, uncorrectable] = BLOCK.exec(line) ?? [];
  if (block === undefined || correctable === undefined || uncorrectable === undefined) return null;
  return {
    block,
    correctable: count(correctable),
    uncorrectable: count(uncorrectable),
    deferred: { unknown: ABSENT },
  };
}

/** A card without bad pages has no table, and one that cannot tell has none either. */
function pagesOf(pages: readonly string[] | null): Omit<RasOfCard, 'ras'> {
  const listed = (status: string): Reading<number> =>
    pages === null ? { unknown: ABSENT } : { value: pages.filter((page) => page === status).length };
  return { retired: listed('reserved'), pending: listed('pending'), unreservable: listed('unreservable') };
}

/** rocm-smi gives no totals. */
export function totalOf(ras: readonly AmdRasBlock[]): AmdErrorCounts {
  const sum = (kind: keyof AmdErrorCounts): Reading<number> => {
    const values = ras.map((block) => block[kind]).filter(known);
    return values.length === 0 ? { unknown: ABSENT } : { value: values.reduce((total, { value }) => total + value, 0) };
  };
  return { correctable: sum('correctable'), uncorrectable: sum('uncorrectable'), deferred: sum('deferred') };
}
