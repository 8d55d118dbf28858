/** Lines in the shape of proc_pid_mountinfo(5); devices and paths are ours. */
import { describe, expect, it } from 'vitest';
import { forcedReadOnly, readForcedReadOnly } from './mounts.ts';

function line(point: string, options: string, type: string, superOptions: string): string {
  return `36 35 8:1 / ${point} ${options} shared:1 - ${type} /dev/x ${superOptions}`;
}

describe('forcedReadOnly', () => {
  it.each([
    ['ext4 after an error', line('/', 'rw,relatime', 'ext4', 'ro,errors=remount-ro')],
    ['ext4 of newer kernels', line('/', 'rw,relatime', 'ext4', 'rw,emergency_ro,errors=remount-ro')],
    ['ext4 that was shut', line('/', 'rw', 'ext4', 'rw,shutdown')],
    ['Btrfs after an abort', line('/', 'rw,noatime', 'btrfs', 'ro,space_cache=v2')],
  ])('%s', (_, text) => {
    expect(forcedReadOnly(text)).toEqual(['/']);
  });

  it.each([
    ['writable', line('/', 'rw,relatime', 'ext4', 'rw,errors=remount-ro')],
    ['asked for', line('/mnt', 'ro,relatime', 'ext4', 'ro')],
    ['a part bound read-only', line('/usr', 'ro,relatime', 'xfs', 'rw')],
    ['an image', line('/snap/x', 'rw,nodev', 'squashfs', 'ro')],
    ['an overlay', line('/merged', 'rw', 'overlay', 'ro,lowerdir=x')],
    ['of another machine', line('/data', 'rw', 'nfs4', 'ro')],
    ['cut', '36 35 8:1 / /var rw,relatime shared:1 - ext4'],
    ['no mount at all', 'ro\n\n - ext4 x ro'],
  ])('not one that is %s', (_, text) => {
    expect(forcedReadOnly(text)).toEqual([]);
  });

  it('names each file system once, by its own mount point', () => {
    const shut = (point: string, device: string) => line(point, 'rw', 'xfs', 'ro').replace('8:1', device);
    const text = [
      shut('/var/lib/kubelet/pods/x/volumes/y', '8:2'),
      shut('/var', '8:2'),
      shut(String.raw`/my\040disk`, '8:3'),
    ];
    expect(forcedReadOnly(text.join('\n'))).toEqual(['/my disk', '/var']);
  });

  it('tells nothing where there is nothing to read', () => {
    expect(readForcedReadOnly('/nowhere')).toBeNull();
  });
});
