/**
 * File systems that the kernel has made read-only by itself. A mount that somebody asked to be read-only says so in its own options;
 * one that is writable by these, on a file system that is not, was shut by the kernel after an error (ext4 `errors=remount-ro`,
 * Btrfs; newer ones say `emergency_ro` or `shutdown`). See proc_pid_mountinfo(5).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** On disks. Images (squashfs, erofs) are read-only by nature, overlays show their own state, network file systems are not this node's. */
const ON_DISK: ReadonlySet<string> = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'jfs']);
const SHUT: ReadonlySet<string> = new Set(['ro', 'emergency_ro', 'shutdown']);
/** A report names a few; more say no more. */
const NAMED_MAX = 16;

/** Mount points, one for each file system; null when they cannot be read. */
export function readForcedReadOnly(proc: string): string[] | null {
  // Of the host: an agent in a container sees its own mounts as its own.
  const text = read(join(proc, '1/mountinfo')) ?? read(join(proc, 'self/mountinfo'));
  return text === null ? null : forcedReadOnly(text);
}

export function forcedReadOnly(mountinfo: string): string[] {
  const byDevice = new Map<string, string>();
  for (const line of mountinfo.split('\n')) {
    const [mount = '', fileSystem = ''] = line.split(' - ');
    const [, , device, , point, options = ''] = mount.split(' ');
    const [type = '', , superOptions = ''] = fileSystem.split(' ');
    if (device === undefined || point === undefined || !ON_DISK.has(type)) continue;
    const isAsked = options.split(',').includes('ro');
    if (isAsked || !superOptions.split(',').some((option) => SHUT.has(option))) continue;
    // The shortest is where it is mounted; the others are parts of it, bound elsewhere.
    const known = byDevice.get(device);
    if (known === undefined || point.length < known.length) byDevice.set(device, point);
  }
  return [...byDevice.values()].toSorted().slice(0, NAMED_MAX).map(unescape);
}

/** Spaces and control bytes stand as `\040`; the latter must not reach a table. */
function unescape(path: string): string {
  return path
    .replaceAll(String.raw`\040`, ' ')
    .replaceAll(/\p{Cc}/gu, '?')
    .slice(0, 256);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
