/**
 * The text of one kernel record made an event, or null: every wording of Xid and SXid lines that drivers since 2013 print, a
 * GPU lost without an Xid, and the lines that name a GPU; `kernel-fault-line.ts` knows the rest. Text comes from hostile places
 * too (process names hold any bytes), so every pattern is anchored, linear and bounded by the record.
 */
import type { GpuIdentityEvent, KernelEvent, SxidEvent, XidEvent } from '../checks/kernel-event.ts';
import { continuesReport, parseFaultLine } from './kernel-fault-line.ts';
import { ADDRESS, busId } from './kernel-rows.ts';

/** Where and when the text was read. */
interface Origin {
  readonly at: string;
  readonly kernelSeq: number | null;
}

const XID = new RegExp(
  `^NVRM: Xid \\((?:PCI:)?${ADDRESS}(?: GPU-I:(\\d{1,4}))?(?: GPU-CI:(\\d{1,4}))?(?: [^)]{0,64})?\\): (\\d{1,9})(?![\\w.])(.*)$`,
  'is',
);
const PID = /^,\s*pid=(?:(\d{1,10})|'?<unknown>'?)/;
const NAME = /^,\s*name=([^,]*)/;
const CAUSED_BY = /\bcaused by previous Xid (\d{1,9})\s*$/i;

function parseXid(text: string, origin: Origin): XidEvent | null {
  const found = XID.exec(text);
  const pciBusId = busId(found?.[1] ?? '');
  if (found === null || pciBusId === null) return null;
  let rest = found[5] ?? '';
  const pid = PID.exec(rest);
  rest = rest.slice(pid?.[0].length ?? 0);
  const name = NAME.exec(rest);
  rest = rest.slice(name?.[0].length ?? 0);
  const process = name?.[1]?.trim() ?? null;
  const causedBy = CAUSED_BY.exec(rest);
  return {
    kind: 'xid',
    ...origin,
    text,
    pciBusId,
    xid: Number(found[4]),
    gpuInstance: toNumber(found[2]),
    computeInstance: toNumber(found[3]),
    pid: toNumber(pid?.[1]),
    process: process === '<unknown>' ? null : process,
    detail: rest.replace(/^,\s*/, '').trim(),
    causedBy: toNumber(causedBy?.[1]),
  };
}

function toNumber(digits: string | undefined): number | null {
  return digits === undefined ? null : Number(digits);
}

const SXID = new RegExp(
  `^(nvidia-nvswitch\\d{1,4}): SXid \\((?:PCI:)?${ADDRESS}\\): (\\d{1,9})(?![\\w.])(?:,\\s*(.*))?$`,
  'is',
);

function parseSxid(text: string, origin: Origin): SxidEvent | null {
  const found = SXID.exec(text);
  const pciBusId = busId(found?.[2] ?? '');
  if (found === null || pciBusId === null) return null;
  const detail = found[4]?.trim() ?? '';
  const severity = /^(Non-)?fatal\b/i.exec(detail);
  return {
    kind: 'sxid',
    ...origin,
    text,
    switchName: found[1] ?? '',
    pciBusId,
    sxid: Number(found[3]),
    fatal: severity === null ? null : severity[1] === undefined,
    link: toNumber(/^(?:Non-)?fatal, Link (\d{1,4})\b/i.exec(detail)?.[1]),
    detail,
  };
}

/** One printk of three lines (seen when no driver is loaded yet), or the short line that comes with an Xid 79. */
const LOST = [
  new RegExp(`^NVRM: The NVIDIA GPU ${ADDRESS}\\s.*\\bfallen off the bus\\b`, 'is'),
  new RegExp(`^NVRM: GPU ${ADDRESS}: GPU has fallen off the bus\\b`, 'i'),
  // An older wording of the second.
  new RegExp(`^NVRM: GPU at (?:PCI:)?${ADDRESS} has fallen off the bus\\b`, 'i'),
];
const UUID_LINE = new RegExp(`^NVRM: GPU at (?:PCI:)?${ADDRESS}: (GPU-[0-9a-f-]{8,64})\\b`, 'i');
const BOARD_SERIAL = /^NVRM: GPU Board Serial Number: (\w{1,32})\s*$/im;
const SERIAL_LINE = new RegExp(`^NVRM: GPU ${ADDRESS}: GPU serial number is (\\w{1,32})\\b`, 'i');

function parseIdentity(text: string, origin: Origin): GpuIdentityEvent | null {
  const named = UUID_LINE.exec(text);
  const found = named ?? SERIAL_LINE.exec(text);
  const pciBusId = busId(found?.[1] ?? '');
  if (found === null || pciBusId === null) return null;
  const uuid = named?.[2] ?? null;
  const serial = named === null ? (found[2] ?? null) : (BOARD_SERIAL.exec(text)?.[1] ?? null);
  return { kind: 'gpu-identity', ...origin, text, pciBusId, uuid, serial };
}

/** The banner (init/version.c): `Linux version 6.8.0-45-generic (builder@host) (gcc …`. */
const BOOT = /^Linux version \d{1,3}\.\d{1,4}\.\S{1,64} \(\S{1,128}\) /;

/** `at` is the record's time; `kernelSeq` is null for a line from a file. Lines of one printk are joined by LF. */
export function parseKernelText(text: string, at: string, kernelSeq: number | null = null): KernelEvent | null {
  const origin = { at, kernelSeq };
  const first = text.charAt(0);
  const ofNvidia = first === 'N' || first === 'n' ? parseNvidiaText(text, origin) : null;
  if (BOOT.test(text)) return { kind: 'boot', ...origin, text };
  return ofNvidia ?? parseFaultLine(text, origin);
}

function parseNvidiaText(text: string, origin: Origin): KernelEvent | null {
  const known = parseXid(text, origin) ?? parseSxid(text, origin);
  if (known !== null) return known;
  for (const pattern of LOST) {
    const pciBusId = busId(pattern.exec(text)?.[1] ?? '');
    if (pciBusId !== null) return { kind: 'gpu-lost', ...origin, text, pciBusId };
  }
  return parseIdentity(text, origin);
}

const LOST_FIRST_ROW = /^NVRM: The NVIDIA GPU \S+$/;
const LOST_SECOND_ROW = /^NVRM: \(PCI ID: /;
const LOST_THIRD_ROW = /^NVRM: fallen off the bus/;

/** A message of which dmesg prints several rows, and of which not all has been seen. */
export function expectsMore(text: string): boolean {
  const rows = text.split('\n');
  return rows.length < 3 && LOST_FIRST_ROW.test(rows[0] ?? '');
}

/** Whether a row belongs to the message before it, although it has a row of its own. */
export function continuesMessage(text: string, next: string): boolean {
  if (continuesReport(text, next)) return true;
  if (expectsMore(text)) return (text.includes('\n') ? LOST_THIRD_ROW : LOST_SECOND_ROW).test(next);
  return UUID_LINE.test(text) && !text.includes('\n') && BOARD_SERIAL.test(next);
}
