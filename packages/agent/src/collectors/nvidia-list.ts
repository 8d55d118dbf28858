/**
 * GPUs as nvidia-smi names them in plain text: `-L`, and the messages that it prints in place of a document or behind it. They tell
 * which GPU is lost and which others are there; wording differs between branches, so they are matched loosely.
 */
import type { ListedGpu, LostGpu } from '@trivet/shared/model/gpu.ts';
import { GPUS_MAX, ID_MAX } from '@trivet/shared/protocol/limits.ts';

const BUS_ID = /\b([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-9a-f])\b/i;

/** `00000000:1B:00.0` → `0000:1b:00.0`; a domain that needs more than four digits keeps them. Null when it is no bus id. */
export function normaliseBusId(text: string): string | null {
  const found = BUS_ID.exec(text);
  if (found === null) return null;
  const [, domain = '', bus, device, fn] = found;
  const short = domain.replace(/^0+/, '').padStart(4, '0');
  return `${short}:${bus}:${device}.${fn}`.toLowerCase();
}

/** Messages are one line of about 100 characters; what is longer is not the tool's own. */
const TEXT_MAX = 300;

export function lostGpu(name: string, said: string): LostGpu {
  const text = said.trim().replaceAll(/\s+/g, ' ').slice(0, TEXT_MAX);
  return {
    name: name.slice(0, ID_MAX),
    pciBusId: normaliseBusId(name) ?? normaliseBusId(text),
    uuid: /\bGPU-[\w-]{8,64}/.exec(text)?.[0] ?? null,
    kind: /GPU is lost|fallen off the bus/i.test(text) ? 'lost' : 'unreachable',
    text,
  };
}

/** Each GPU may have a line of its own, one for each of at most 7 MIG devices, and blank ones. */
const LINES_MAX = 10 * GPUS_MAX;
/** Longer ones are not the tool's own, and patterns with two gaps take their time over them. */
const LINE_MAX = 1024;

function linesOf(text: string): string[] {
  return text.split(/\r?\n/, LINES_MAX).filter((line) => line.length <= LINE_MAX);
}

/** `… the device handle for GPU0000:41:00.0: GPU is lost. …`, `GPU0: 0000:01:00.0: …`, `GPU 0000:04:00.0: …`, `gpu 1: …`. */
const HANDLE = /unable to determine the device handle for gpu\s*(.*)$/i;

export function lostInMessages(text: string): LostGpu[] {
  return linesOf(text).flatMap((line) => {
    const rest = HANDLE.exec(line)?.[1];
    if (rest === undefined) return [];
    const name = normaliseBusId(rest) ?? /^\d+/.exec(rest)?.[0] ?? 'unnamed';
    return [lostGpu(name, line)];
  });
}

/** `WARNING: infoROM is corrupted at gpu 0000:3B:00.0`, printed behind everything else; it says nothing of what stands before it. */
const INFOROM_WARNING = /^\s*WARNING: infoROM is corrupted at gpu (.{0,80}?)\s*$/i;

function warnedOf(line: string): string | null {
  return normaliseBusId(INFOROM_WARNING.exec(line)?.[1] ?? '');
}

/** Bus ids of the boards that are warned of. */
export function inforomWarnings(text: string): string[] {
  const named = linesOf(text).map(warnedOf);
  return [...new Set(named.filter((busId) => busId !== null))].slice(0, GPUS_MAX);
}

export function withoutWarnings(text: string): string {
  return text.includes('infoROM')
    ? linesOf(text)
        .filter((line) => warnedOf(line) === null)
        .join('\n')
    : text;
}

export interface GpuList {
  readonly listed: readonly ListedGpu[];
  readonly lost: readonly LostGpu[];
}

/** `GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-…)`; MIG devices are indented and not GPUs. */
const LINE = /^GPU (\d+): (.*?) \(UUID: ([^)]*)\)\s*$/;

export function readList(text: string): GpuList {
  const lines = linesOf(text).flatMap((line) => {
    const found = LINE.exec(line);
    return found === null
      ? []
      : [{ index: found[1] ?? '', model: found[2] ?? '', uuid: found[3] ?? '', line: line.trim() }];
  });
  const isNamed = (uuid: string): boolean => /^GPU-[\w-]{1,64}$/.test(uuid);
  return {
    listed: lines
      .filter(({ uuid }) => isNamed(uuid))
      .map(({ uuid, model }) => ({ uuid, model: model.replaceAll(/\p{Cc}/gu, ' ').slice(0, ID_MAX) }))
      .slice(0, GPUS_MAX),
    lost: [
      ...lines.filter(({ uuid }) => !isNamed(uuid)).map(({ index, line }) => lostGpu(index, line)),
      ...lostInMessages(text),
    ].slice(0, GPUS_MAX),
  };
}
