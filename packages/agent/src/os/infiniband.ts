/**
 * RDMA ports from /sys/class/infiniband. Unlike most of /sys these files ask the adapter, and an adapter that is sick keeps its
 * reader waiting: so they are read in the background (libuv's threads), never on the thread that reads the kernel log.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { InfinibandPort } from '@trivet/shared/model/infiniband.ts';
import { RDMA_PORTS_MAX } from '@trivet/shared/protocol/limits.ts';

/** Empty where there is no RDMA device. Throws what the file system says of a folder that is there and cannot be listed. */
export async function readInfinibandPorts(sys: string): Promise<InfinibandPort[]> {
  const folder = join(sys, 'class/infiniband');
  const ports: InfinibandPort[] = [];
  for (const device of (await list(folder)).toSorted()) {
    for (const port of (await list(join(folder, device, 'ports'))).toSorted()) {
      if (!/^\d{1,3}$/.test(port) || ports.length >= RDMA_PORTS_MAX) continue;
      ports.push(await readPort(join(folder, device, 'ports', port), device, Number(port)));
    }
  }
  return ports;
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}

async function readPort(folder: string, device: string, port: number): Promise<InfinibandPort> {
  const counter = async (name: string): Promise<number | null> =>
    toCount(await readText(join(folder, 'counters', name)));
  return {
    device: device.slice(0, 64),
    port,
    linkLayer: await readText(join(folder, 'link_layer')),
    state: word(await readText(join(folder, 'state')))?.toLowerCase() ?? null,
    physicalState: word(await readText(join(folder, 'phys_state'))),
    bitsPerSecond: toRate(await readText(join(folder, 'rate'))),
    linkDowned: await counter('link_downed'),
    linkErrorRecovery: await counter('link_error_recovery'),
    symbolErrors: await counter('symbol_error'),
  };
}

/** Null where there is no such file, or the adapter does not tell (`Invalid argument`, `N/A (no PMA)`). */
async function readText(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, 'utf8')).trim().slice(0, 64);
    return text === '' || /\p{Cc}/u.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** `4: ACTIVE` */
function word(text: string | null): string | null {
  return /^\d{1,2}: (\S.*)$/.exec(text ?? '')?.[1] ?? null;
}

/** `400 Gb/sec (4X NDR)` */
function toRate(text: string | null): number | null {
  const gigabits = /^(\d{1,5}(?:\.\d{1,3})?) Gb\/sec\b/.exec(text ?? '')?.[1];
  return gigabits === undefined ? null : Number(gigabits) * 1e9;
}

function toCount(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
