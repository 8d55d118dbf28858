/**
 * PCI devices from /sys. `vendor` and `class` are kept by the kernel since the device was found: reading them does not
 * touch the device, so a GPU that has fallen off the bus does not block us, and stays listed until it is removed.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const SYS = '/sys';

export interface PciDevice {
  /** As the kernel writes it, `0000:1b:00.0`. */
  readonly busId: string;
  /** 0x10de */
  readonly vendor: number;
  /** 24 bits: base class, sub-class, interface. */
  readonly deviceClass: number;
  /** A function that SR-IOV made of another: not a board of its own. */
  readonly isVirtualFunction: boolean;
}

export type PciDevices =
  | { readonly state: 'ok'; readonly devices: readonly PciDevice[] }
  | { readonly state: 'unknown'; readonly reason: string };

/**
 * `known`: devices that need not be read again while they are listed; it is brought up to date. Big hosts have hundreds of devices,
 * with three files each.
 */
export function readPciDevices(sys: string, known: Map<string, PciDevice> = new Map()): PciDevices {
  const folder = join(sys, 'bus/pci/devices');
  try {
    // A kernel without any PCI bus has no such folder; without /sys/bus it is /sys that is not there.
    if (existsSync(join(sys, 'bus')) && !existsSync(join(sys, 'bus/pci'))) return { state: 'ok', devices: [] };
    const devices = readdirSync(folder)
      .sort()
      .flatMap((busId) => known.get(busId) ?? readDevice(folder, busId));
    known.clear();
    for (const device of devices) known.set(device.busId, device);
    return { state: 'ok', devices };
  } catch (error) {
    return { state: 'unknown', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** None for a device that is removed while we look. Any other failure is the caller's: an unread device may be a GPU. */
function readDevice(folder: string, busId: string): PciDevice[] {
  const path = join(folder, busId);
  try {
    const vendor = readHex(join(path, 'vendor'));
    const deviceClass = readHex(join(path, 'class'));
    return [{ busId, vendor, deviceClass, isVirtualFunction: existsSync(join(path, 'physfn')) }];
  } catch (error) {
    if (!existsSync(path)) return [];
    throw error;
  }
}

function readHex(path: string): number {
  const text = readFileSync(path, 'utf8').trim();
  if (!/^0x[0-9a-f]{1,8}$/i.test(text)) throw new Error(`${path}: not a hexadecimal number: ${text.slice(0, 40)}`);
  return Number.parseInt(text, 16);
}
