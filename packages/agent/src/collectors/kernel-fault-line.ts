/**
 * Lines that are neither an Xid nor an SXid, made events by the tables of `kernel-rows-*.ts`. First whose line it is, by its
 * first characters: a device's (`driver address: text`), amdgpu's without an address, or one of the kernel's own.
 */
import type { KernelEvent } from '../checks/kernel-event.ts';
import { AMD_ROWS, AMD_TAGS } from './kernel-rows-amd.ts';
import { FIRMWARE_TAG, HOST_ROWS, NCCL_CRASH } from './kernel-rows-host.ts';
import { NVIDIA_ROWS } from './kernel-rows-nvidia.ts';
import { NIC_ROWS, PCIE_ROWS } from './kernel-rows-pcie.ts';
import { beginnings, busId, meaningOf } from './kernel-rows.ts';
import type { LineRow, Meaning } from './kernel-rows.ts';

/** `pcieport 0000:00:02.0: AER: text`; a function is always printed here. */
const DEVICE = /^([a-z][\w-]{0,31}) ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]): (?:(?:AER|DPC|EDR): )?/;
/** amdgpu's lines without an address. */
const ADDRESSLESS_AMD = /^(?:kfd kfd: )?(?:amdgpu: |\[drm(?::\w{1,64} \[amdgpu\])?\] )/;
const GPU_DRIVERS: ReadonlySet<string> = new Set(['nvidia', 'amdgpu']);

/** Rows by the first character of the lines that they take. */
const FIRST: ReadonlyMap<string, readonly LineRow[]> = byFirst([...NVIDIA_ROWS, ...HOST_ROWS]);

function byFirst(rows: readonly LineRow[]): Map<string, LineRow[]> {
  const map = new Map<string, LineRow[]>();
  for (const row of rows) {
    for (const first of new Set(beginnings(row.starts).map((start) => start.charAt(0)))) {
      map.set(first, [...(map.get(first) ?? []), row]);
    }
  }
  return map;
}

interface Device {
  readonly address: string | null;
  readonly isGpu: boolean;
}

function read(text: string): { readonly meaning: Meaning | null; readonly device: Device } {
  const found = DEVICE.exec(text);
  if (found !== null) {
    const [prefix, driver = '', address = ''] = found;
    return {
      meaning: ofDevice(driver, text.slice(prefix.length)),
      device: { address, isGpu: GPU_DRIVERS.has(driver) },
    };
  }
  const nobody = { address: null, isGpu: false };
  const amd = ADDRESSLESS_AMD.exec(text);
  if (amd !== null) return { meaning: ofAmd(text.slice(amd[0].length)), device: nobody };
  const rows = FIRST.get(text.charAt(0));
  const meaning = rows === undefined ? null : meaningOf(rows, text);
  if (meaning !== null) return { meaning, device: { address: null, isGpu: text.startsWith('NVRM: ') } };
  const isCrash = text.includes(']: segfault at ') && NCCL_CRASH.test(text);
  return { meaning: isCrash ? { code: 'host.nccl-crash' } : null, device: nobody };
}

function ofDevice(driver: string, text: string): Meaning | null {
  const own = driver === 'amdgpu' ? ofAmd(text) : driver === 'mlx5_core' ? meaningOf(NIC_ROWS, text) : null;
  return own ?? meaningOf(PCIE_ROWS, text);
}

function ofAmd(text: string): Meaning | null {
  return meaningOf(AMD_ROWS, text.replace(AMD_TAGS, ''));
}

/** `origin` is what every event of the line has. */
export function parseFaultLine(
  text: string,
  origin: { readonly at: string; readonly kernelSeq: number | null },
): KernelEvent | null {
  const { meaning, device } = read(text);
  if (meaning === null) return null;
  const address = ('address' in meaning ? meaning.address : null) ?? device.address;
  const pciBusId = address === null ? null : busId(address);
  const base = { ...origin, text };
  const isGpu = device.isGpu && pciBusId !== null;
  if ('code' in meaning) return { kind: 'fault', ...base, code: meaning.code, pciBusId, isGpu };
  if ('over' in meaning) return { kind: 'fault-over', ...base, codes: meaning.over, pciBusId, isGpu };
  return pciBusId === null ? null : { kind: 'gpu-reset', ...base, pciBusId };
}

/** Lines of one firmware report are records of their own with one number. */
export function continuesReport(text: string, next: string): boolean {
  const tag = FIRMWARE_TAG.exec(text)?.[0];
  return tag !== undefined && next.startsWith(tag);
}
