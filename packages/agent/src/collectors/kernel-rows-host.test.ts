/** Lines about the host, made from the kernel's format strings with values of ours. */
import { describe, expect, it } from 'vitest';
import { parseFaultLine } from './kernel-fault-line.ts';

/** `code bus-id`, what is over, or null. */
function meaning(text: string): string | null {
  const event = parseFaultLine(text, { at: '2026-11-20T17:00:00.000Z', kernelSeq: null });
  if (event?.kind === 'fault') return `${event.code} ${event.pciBusId ?? 'node'}`;
  return event?.kind === 'fault-over' ? `over: ${event.codes.join(' ')}` : (event?.kind ?? null);
}

describe('the host', () => {
  it.each([
    ['Kernel panic - not syncing: Fatal exception', 'host.panic'],
    ['BUG: unable to handle page fault for address: ffff8881', 'host.oops'],
    ['BUG: kernel NULL pointer dereference, address: 0000000000000008', 'host.oops'],
    ['Oops: 0002 [#1] PREEMPT SMP NOPTI', 'host.oops'],
    ['general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP', 'host.oops'],
    ['kernel BUG at mm/slub.c:100!', 'host.oops'],
    ['watchdog: BUG: soft lockup - CPU#12 stuck for 26s! [kworker/12:1:99]', 'host.soft-lockup'],
    ['NMI watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [x:1]', 'host.soft-lockup'],
    ['BUG: workqueue lockup - pool cpus=3 node=0 flags=0x0 nice=0 stuck for 40s!', 'host.soft-lockup'],
    ['watchdog: Watchdog detected hard LOCKUP on cpu 7', 'host.hard-lockup'],
    ['watchdog: CPU7: Watchdog detected hard LOCKUP on cpu 7', 'host.hard-lockup'],
    ['NMI watchdog: Watchdog detected hard LOCKUP on cpu 7', 'host.hard-lockup'],
    ['rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:', 'host.rcu-stall'],
    ['rcu: INFO: rcu_sched self-detected stall on CPU', 'host.rcu-stall'],
    ['rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 4-... }', 'host.rcu-stall'],
    ['INFO: task nvidia-smi:4242 blocked for more than 122 seconds.', 'host.hung-gpu-task'],
    ['INFO: task nv_queue:4242 blocked for more than 122 seconds.', 'host.hung-gpu-task'],
    ['INFO: task some tool:x:4242 blocked for more than 245 seconds.', 'host.hung-task'],
    ['INFO: task md0_raid1:300 blocked in I/O wait for more than 122 seconds.', 'host.hung-task'],
    ['EDAC MC1: 2 CE memory read error on CPU_SrcID#1_Ha#0_Chan#1_DIMM#0', 'host.memory-corrected'],
    ['EDAC skx MC1: 1 UE memory scrubbing error on any memory', 'host.memory-uncorrected'],
    ['EDAC MC0: Giving out device to module skx_edac', null],
    ['Memory failure: 0x1abcd: recovery action for dirty LRU page: Recovered', 'host.memory-uncorrected'],
    ['mce: [Hardware Error]: CPU 4: Machine Check Exception: 5 Bank 7: be00000000010091', 'host.hardware-uncorrected'],
    ['mce: [Hardware Error]: CPU 4: Machine Check: 0 Bank 7: 8c00004000010091', 'host.hardware-corrected'],
    ['mce: [Hardware Error]: Machine check events logged', 'host.hardware-logged'],
    ['mce: [Hardware Error]: Machine check: Processor context corrupt', 'host.hardware-fatal'],
    ['mce: [Hardware Error]: TSC 0 ADDR 1abcd000', null],
    ['[Hardware Error]: Corrected error, no action required.', 'host.hardware-corrected'],
    ['[Hardware Error]: Deferred error, no action required.', 'host.hardware-deferred'],
    ['[Hardware Error]: Uncorrected, software containable error.', 'host.hardware-uncorrected'],
    ['mce: CPU9: Core temperature above threshold, cpu clock throttled (total events = 3)', 'host.cpu-temperature'],
    ['CPU9: Package temperature is above threshold, cpu clock is throttled (total events = 3)', 'host.cpu-temperature'],
    [
      'EXT4-fs error (device nvme0n1p2): ext4_find_entry:1463: inode #2: comm x: reading directory',
      'host.filesystem-error',
    ],
    ['EXT4-fs (nvme0n1p2): Remounting filesystem read-only', 'host.filesystem-read-only'],
    ['EXT4-fs (nvme0n1p2): mounted filesystem with ordered data mode', null],
    [
      'XFS (dm-3): Corruption of in-memory data (0x8) detected at x.  Shutting down filesystem.',
      'host.filesystem-read-only',
    ],
    ['XFS (dm-3): metadata I/O error in "xfs_trans_read_buf_map" at daddr 0x1', 'host.filesystem-error'],
    ['XFS (dm-3): Mounting V5 Filesystem', null],
    ['I/O error, dev nvme2n1, sector 2048 op 0x0:(READ) flags 0x0', 'host.disk-error'],
    ['blk_update_request: critical medium error, dev sdb, sector 99', 'host.disk-error'],
    ['I/O error, dev loop3, sector 2048 op 0x0:(READ)', null],
    ['Buffer I/O error on dev sdb1, logical block 0, async page read', 'host.disk-error'],
    ['nvme nvme1: I/O 7 QID 3 timeout, aborting', 'host.disk-error'],
    ['nvme3c3n1: I/O Cmd(0x2) @ LBA 2048, 8 blocks, I/O Error (sct 0x2 / sc 0x81)', 'host.disk-error'],
    ['md/raid1:md0: Disk failure on sdb1, disabling device.', 'host.disk-error'],
    ['thermal thermal_zone3: acpitz: critical temperature reached, shutting down', 'host.cpu-temperature'],
    ['Out of memory: Killed process 77 (java) total-vm:1kB', 'host.oom'],
    ['rank0[55]: segfault at 0 ip 0000 sp 0000 error 4 in libnccl.so.2.20[7f00+1000]', 'host.nccl-crash'],
    ['a.out[55]: segfault at 0 ip 0000 sp 0000 error 4 in a.out[7f00+1000]', null],
    ['traps: a.out[55] general protection fault ip:1 sp:2 error:0 in a.out', null],
  ])('%s', (text, expected) => {
    expect(meaning(text)).toBe(expected === null ? null : `${expected} node`);
  });

  it('the kernel says when CPUs are cool again', () => {
    expect(meaning('mce: CPU9: Package temperature/speed normal (total events = 3)')).toBe(
      'over: host.cpu-temperature',
    );
  });

  it('another program that quotes such a line is not the kernel', () => {
    for (const tag of ['kubelet[1]: ', 'node-problem-detector: ', 'host1 collector[7]: ', ' ']) {
      expect(meaning(`${tag}Kernel panic - not syncing: x`)).toBeNull();
      expect(meaning(`${tag}amdgpu 0000:43:00.0: amdgpu: device lost from bus!`)).toBeNull();
    }
  });
});
