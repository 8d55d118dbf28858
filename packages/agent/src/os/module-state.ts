/** Whether a kernel module is loaded, from /sys/module: text that the kernel keeps, nothing waits for the device. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelModule } from '@trivet/shared/model/report.ts';

export function readModuleState(sys: string, name: string): KernelModule['state'] {
  const folder = join(sys, 'module', name);
  try {
    if (!existsSync(join(sys, 'module'))) return 'unknown';
    if (!existsSync(folder)) return 'absent';
    if (!existsSync(join(folder, 'initstate'))) return 'built-in';
    // The kernel's own words (kernel/module/sysfs.c).
    const state = readFileSync(join(folder, 'initstate'), 'utf8').trim();
    if (state === 'coming') return 'loading';
    return state === 'going' ? 'unloading' : 'live';
  } catch {
    return 'unknown';
  }
}

/** With its version, where the module or its file in /proc tells it. */
export function readKernelModule(sys: string, proc: string, name: string): KernelModule {
  const state = readModuleState(sys, name);
  if (state === 'absent' || state === 'unknown') return { state, version: null };
  const version =
    readText(join(sys, 'module', name, 'version')) ?? versionIn(readText(join(proc, 'driver', name, 'version')));
  return { state, version: version?.slice(0, 64) ?? null };
}

const WORDS = {
  live: 'loaded',
  'built-in': 'built into the kernel',
  loading: 'still loading',
  unloading: 'being unloaded',
  absent: 'not loaded',
  unknown: 'not known whether it is loaded',
} as const satisfies Readonly<Record<KernelModule['state'], string>>;

export function printKernelModule(name: string, { state, version }: KernelModule): string {
  return `kernel module ${name}: ${WORDS[state]}${version === null ? '' : ` (${version})`}`;
}

/** `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.261.03  Tue …`; the open module writes it a little differently. */
function versionIn(text: string | null): string | null {
  return /\b\d{3}\.\d{1,4}(?:\.\d{1,4})?\b/.exec(text ?? '')?.[0] ?? null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
