/** Whether a kernel module is loaded, from /sys/module: text that the kernel keeps, nothing waits for the device. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `loading` while its start has not ended (a driver that brings up its GPUs takes seconds to minutes). `built-in` modules have no
 * state file. `unknown`: no /sys.
 */
export type ModuleState = 'live' | 'loading' | 'unloading' | 'absent' | 'built-in' | 'unknown';

export function readModuleState(sys: string, name: string): ModuleState {
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
