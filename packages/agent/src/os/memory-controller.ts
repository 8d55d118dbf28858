/** Errors of the host's memory as the kernel counts them (EDAC), by controller. Counters in the kernel: reading them touches no hardware. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MemoryController } from '@trivet/shared/model/report.ts';
import { MEMORY_CONTROLLERS_MAX } from '@trivet/shared/protocol/limits.ts';

/** Empty where the kernel counts none: no driver for this chipset, or a virtual machine. */
export function readMemoryControllers(sys: string): MemoryController[] {
  const folder = join(sys, 'devices/system/edac/mc');
  return list(folder)
    .filter((name) => /^mc\d{1,3}$/.test(name))
    .slice(0, MEMORY_CONTROLLERS_MAX)
    .flatMap((name) => {
      const corrected = readCount(join(folder, name, 'ce_count'));
      const uncorrected = readCount(join(folder, name, 'ue_count'));
      return corrected === null || uncorrected === null ? [] : [{ name, corrected, uncorrected }];
    });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function readCount(path: string): number | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^\d{1,15}$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}
