/**
 * The chassis' serial number, asked for once at start. On Linux the kernel has read the firmware's tables already and shows them
 * as files; on other systems `systeminformation` is loaded for it, which asks small tools. It is not loaded on Linux:
 * there it reads the same files and starts tools that need the same rights, and would stay in memory for ever after.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROC } from './procfs.ts';
import { SYS } from './sysfs.ts';

export interface Firmware {
  readonly platform: NodeJS.Platform;
  readonly proc: string;
  readonly sys: string;
}
const MACHINE: Firmware = { platform: process.platform, proc: PROC, sys: SYS };

/** It runs a few small tools, which may take their time, and the daemon does not wait for them. */
const DEADLINE_MS = 5000;
/** What firmware says when nobody has filled the field in. */
const PLACEHOLDER = /^$|^-$|^0+$|none|n\/a|not specified|to be filled|default string|system serial|unknown/i;
const SERIAL_MAX = 128;

/** Null where firmware or rights give none (a serial number is for root only), or not in time. */
export async function readChassisSerial(firmware: Firmware = MACHINE): Promise<string | null> {
  const said = firmware.platform === 'linux' ? serialOfFiles(firmware) : await serialOfTools();
  const serial = said?.trim() ?? '';
  return PLACEHOLDER.test(serial) ? null : serial.slice(0, SERIAL_MAX);
}

/** SMBIOS of x86 and of Arm servers; the device tree of other Arm machines, which ends its texts with a NUL. */
function serialOfFiles({ proc, sys }: Firmware): string | null {
  for (const path of [join(sys, 'class/dmi/id/product_serial'), join(proc, 'device-tree/serial-number')]) {
    try {
      return readFileSync(path, 'utf8').replaceAll('\0', '');
    } catch {
      // Not there, or not ours to read: perhaps the other is.
    }
  }
  return null;
}

async function serialOfTools(): Promise<string | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), DEADLINE_MS);
  try {
    const { system } = await import('systeminformation');
    return (await Promise.race([system(), late]))?.serial ?? null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
