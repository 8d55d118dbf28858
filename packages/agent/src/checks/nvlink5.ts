/**
 * Reads an NVLink 5 line (Xid 144 to 150): `<unit> <Fatal|Nonfatal> XC<n> i<n> Link <n> (<intrInfo> <errorStatus> …`, with
 * doubled spaces, without registers or cut in the middle as captures have it. What cannot be told stays with the bare number.
 */
import { NVLINK5_CAUSES, NVLINK5_MSE, NVLINK5_UNITS } from '@trivet/shared/health/catalogue/nvlink5.ts';
import type { Nvlink5Outcome, Nvlink5Unit } from '@trivet/shared/health/catalogue/nvlink5.ts';

interface Nvlink5Line {
  readonly names: readonly string[];
  readonly isFatal: boolean;
  readonly intrInfo: number;
  /** Null: cut off. */
  readonly status: number | null;
}

const LINE =
  /^([A-Z][\w/ ]{0,62}?)\s{1,8}(Nonfatal|Non-fatal|Link Fatal|Fatal)\s{1,8}XC ?\d{1,2}\s{1,8}i ?\d{1,4}\s{1,8}Link\s{1,8}-?\d{1,4}\s{0,8}[([]\s?0x([0-9a-f]{1,8})\b(?:,? {1,4}0x([0-9a-f]{1,8})\b)?/i;

function parse(detail: string): Nvlink5Line | null {
  const found = LINE.exec(detail);
  if (found === null) return null;
  const [, unit = '', word = '', intrInfo = '', status] = found;
  return {
    names: [unit, ...unit.split('/')],
    isFatal: /^(?:Link )?Fatal$/i.test(word),
    intrInfo: Number.parseInt(intrInfo, 16),
    status: status === undefined ? null : Number.parseInt(status, 16),
  };
}

/** First driver branch with the second layout of intrInfo. */
const SECOND_LAYOUT = 575;
const LAYOUTS = [1, 2] as const;
type Layout = (typeof LAYOUTS)[number];

/** `bits(value, 25, 20)`: a field of a register. */
function bits(value: number, high: number, low: number): number {
  return (value >>> low) & ((1 << (high - low + 1)) - 1);
}

function isUnit(unit: Nvlink5Unit, intrInfo: number, layout: Layout): boolean {
  if (layout === 2) return bits(intrInfo, 6, 0) === unit.v2;
  // Bits 4:0 number the family: 1 for Xid 144, 2 for 145, …
  return bits(intrInfo, 9, 5) === unit.v1 && bits(intrInfo, 4, 0) === unit.xid - 143;
}

function byStatus(unit: Nvlink5Unit, { intrInfo, status }: Nvlink5Line, layout: Layout): Nvlink5Outcome | null {
  if (status === null) return null;
  const isPromoted = bits(intrInfo, layout === 1 ? 10 : 7, layout === 1 ? 10 : 7) === 1;
  if (isPromoted && unit.promotable?.includes(status) === true) return 'reset';
  if (unit.reset?.includes(status) === true) return 'reset';
  if (unit.eval?.includes(status) === true) return 'eval';
  return unit.ignore?.includes(status) === true ? 'ignore' : null;
}

function outcomeOf(unit: Nvlink5Unit, line: Nvlink5Line, layout: Layout): Nvlink5Outcome | null {
  const cause = bits(line.intrInfo, 25, 20);
  if (unit.byCause === true) return line.isFatal ? (NVLINK5_CAUSES.get(cause) ?? null) : null;
  if (cause !== 0) return null;
  if (unit.always !== undefined) return line.isFatal ? unit.always : null;
  const outcome = byStatus(unit, line, layout);
  // The line's own word has to agree, but for errors that software may have promoted.
  if (outcome === 'reset') return line.isFatal || unit.promotable !== undefined ? outcome : null;
  return line.isFatal ? null : outcome;
}

function readAs(xid: number, line: Nvlink5Line, layout: Layout): Nvlink5Outcome | null {
  for (const unit of NVLINK5_UNITS) {
    if (unit.xid !== xid || !unit.names.some((name) => line.names.includes(name))) continue;
    if (isUnit(unit, line.intrInfo, layout)) return outcomeOf(unit, line, layout);
  }
  return null;
}

function isMseReset({ names, isFatal, intrInfo, status }: Nvlink5Line): boolean {
  const isZero = bits(intrInfo, 25, 20) === 0 && bits(intrInfo, 9, 0) === 0;
  return isFatal && isZero && status !== null && names.some((name) => NVLINK5_MSE.get(name)?.includes(status) === true);
}

/**
 * Null: not to be told. Without a driver version the layout is the one in which the register names the unit that the line
 * names; where both do, they have to agree.
 */
export function decodeNvlink5(xid: number, detail: string, driverVersion: string | null): Nvlink5Outcome | null {
  const line = parse(detail);
  if (line === null) return null;
  if (xid === 150) return isMseReset(line) ? 'reset' : null;
  const major = Number.parseInt(driverVersion ?? '', 10);
  if (Number.isFinite(major)) return readAs(xid, line, major < SECOND_LAYOUT ? 1 : 2);
  const outcomes = new Set(LAYOUTS.map((layout) => readAs(xid, line, layout)).filter((outcome) => outcome !== null));
  const [only] = outcomes;
  return outcomes.size === 1 && only !== undefined ? only : null;
}
