/**
 * What the kernel says of the host: panic, oops and lockups, hung tasks, memory and machine check errors, firmware's error
 * reports, disks and file systems. Format strings: Linux, kernel/{panic,watchdog,hung_task}.c, kernel/rcu/tree_stall.h,
 * mm/{oom_kill,memory-failure}.c, arch/x86/kernel/cpu/mce, drivers/edac/{edac_mc,mce_amd}.c, drivers/acpi/apei/ghes.c,
 * drivers/firmware/efi/cper.c, block/blk-core.c, fs/{ext4,xfs,btrfs}.
 */
import { severityOfStatus } from './kernel-rows.ts';
import type { LineRow, Meaning } from './kernel-rows.ts';

/** Tools, daemons and kernel threads of the two GPU drivers, as the kernel cuts their names (15 characters). */
const GPU_TASK = /^(?:nvidia|nv[-_]|nvc:|UVM|irq\/\d{1,5}-nvidia|dcgm|gpud|rocm|amd-smi|amdgpu|kfd)/i;

function hungTask([, task = '']: RegExpExecArray): Meaning {
  return { code: GPU_TASK.test(task) ? 'host.hung-gpu-task' : 'host.hung-task' };
}

function bankStatus([, hex = '']: RegExpExecArray): Meaning {
  return { code: `host.hardware-${severityOfStatus(hex)}` };
}

/** Drives of machines in a rack: no loop devices, floppies or optical drives. */
const DISK = String.raw`dev(?:ice)? (?!loop|fd\d|sr\d)\S{1,64}`;

const FIRMWARE_SEVERITY = /\]: event severity: (corrected|recoverable|fatal|info)/;
const FIRMWARE_SECTION = /section_type: (PCIe|memory) error/;
const FIRMWARE_DEVICE = /\bdevice_id: ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])/;
const BY_SECTION = {
  PCIe: { corrected: 'pcie.aer-corrected', recoverable: 'pcie.aer-nonfatal', fatal: 'pcie.aer-fatal' },
  memory: {
    corrected: 'host.memory-corrected',
    recoverable: 'host.memory-uncorrected',
    fatal: 'host.memory-uncorrected',
  },
  other: {
    corrected: 'host.hardware-corrected',
    recoverable: 'host.hardware-uncorrected',
    fatal: 'host.hardware-fatal',
  },
} as const;

/** Firmware reports in several lines, joined where they came together: how bad, of what kind, which device. */
function firmwareReport({ input }: RegExpExecArray): Meaning | null {
  const severity = FIRMWARE_SEVERITY.exec(input)?.[1];
  if (severity !== 'corrected' && severity !== 'recoverable' && severity !== 'fatal') return null;
  const section = FIRMWARE_SECTION.exec(input)?.[1];
  const code = BY_SECTION[section === 'PCIe' || section === 'memory' ? section : 'other'][severity];
  const address = section === 'PCIe' ? FIRMWARE_DEVICE.exec(input)?.[1] : undefined;
  return address === undefined ? { code } : { code, address };
}

/** `{359}[Hardware Error]:`: lines with one number are one report. */
export const FIRMWARE_TAG = /^\{\d{1,10}\}\[Hardware Error\]:/;

export const HOST_ROWS: readonly LineRow[] = [
  { starts: 'Kernel panic - not syncing', pattern: /^/, means: 'host.panic' },
  {
    starts: 'BUG: ',
    pattern: /^BUG: (?:unable to handle|kernel NULL pointer|Bad page|stack guard page|KASAN)/,
    means: 'host.oops',
  },
  { starts: 'Oops', pattern: /^Oops(?::| - )/, means: 'host.oops' },
  { starts: 'Internal error: ', pattern: /^Internal error: (?:Oops|synchronous external abort)/, means: 'host.oops' },
  { starts: 'Unable to handle kernel ', pattern: /^/, means: 'host.oops' },
  { starts: 'kernel BUG at ', pattern: /^/, means: 'host.oops' },
  { starts: 'general protection fault', pattern: /^general protection fault(?:,|: [0-9a-f]{4})/, means: 'host.oops' },
  {
    starts: ['BUG: ', 'watchdog: ', 'NMI watchdog: '],
    pattern: /^(?:(?:NMI )?watchdog: )?BUG: (?:soft|workqueue) lockup - /,
    means: 'host.soft-lockup',
  },
  {
    starts: ['watchdog: ', 'NMI watchdog: ', 'Watchdog detected', 'CPU'],
    pattern: /^(?:(?:NMI )?watchdog: )?(?:CPU ?\d{1,5}: )?Watchdog detected hard LOCKUP on cpu/i,
    means: 'host.hard-lockup',
  },
  {
    starts: ['rcu: INFO: ', 'INFO: rcu'],
    pattern: /^(?:rcu: )?INFO: rcu\w{0,32} (?:self-)?detected (?:expedited )?stalls? on /,
    means: 'host.rcu-stall',
  },
  {
    starts: 'INFO: task ',
    pattern:
      /^INFO: task (.{1,64}):\d{1,10} (?:<[^>]{1,32}> )?(?:is )?blocked (?:in I\/O wait |on a? ?\w{1,16} )?for more than \d/,
    means: hungTask,
  },
  { starts: 'Out of memory: Kill', pattern: /^/, means: 'host.oom' },
  { starts: 'Out of memory (', pattern: /^Out of memory \(oom_kill_allocating_task\): Kill/, means: 'host.oom' },
  { starts: 'Memory cgroup out of memory: Kill', pattern: /^/, means: 'host.oom' },
  { starts: 'EDAC ', pattern: /^EDAC (?:\w{1,32} )?MC#?\d{1,4}: (?:\d{1,10} )?CE\b/, means: 'host.memory-corrected' },
  { starts: 'EDAC ', pattern: /^EDAC (?:\w{1,32} )?MC#?\d{1,4}: (?:\d{1,10} )?UE\b/, means: 'host.memory-uncorrected' },
  { starts: 'Memory failure: 0x', pattern: /^.{1,64}: recovery action for /, means: 'host.memory-uncorrected' },
  { starts: 'mce: Uncorrected hardware memory error', pattern: /^/, means: 'host.memory-uncorrected' },
  {
    starts: 'mce: [Hardware Error]: ',
    pattern: /^.{23}CPU \d{1,5}: Machine Check(?: Exception)?: \d{1,4} Bank \d{1,4}: ([0-9a-f]{1,16})\b/,
    means: bankStatus,
  },
  {
    starts: 'mce: [Hardware Error]: ',
    pattern: /^.{23}(?:Machine check: |Fatal |Some CPUs didn't answer)/,
    means: 'host.hardware-fatal',
  },
  { starts: 'mce: [Hardware Error]: Machine check events logged', pattern: /^/, means: 'host.hardware-logged' },
  { starts: '[Hardware Error]: Corrected error', pattern: /^/, means: 'host.hardware-corrected' },
  { starts: '[Hardware Error]: Deferred error', pattern: /^/, means: 'host.hardware-deferred' },
  { starts: '[Hardware Error]: Uncorrected', pattern: /^/, means: 'host.hardware-uncorrected' },
  { starts: '[Hardware Error]: System Fatal error', pattern: /^/, means: 'host.hardware-fatal' },
  { starts: '{', pattern: FIRMWARE_TAG, means: firmwareReport },
  {
    starts: ['mce: CPU', 'CPU'],
    pattern: /^(?:mce: )?CPU\d{1,5}: (?:Core|Package) temperature (?:is )?above threshold/,
    means: 'host.cpu-temperature',
  },
  {
    starts: ['mce: CPU', 'CPU'],
    pattern: /^(?:mce: )?CPU\d{1,5}: Package temperature\/speed normal/,
    means: () => ({ over: ['host.cpu-temperature'] }),
  },
  { starts: 'EXT4-fs error', pattern: /^EXT4-fs error \(device /, means: 'host.filesystem-error' },
  {
    starts: 'EXT4-fs (',
    pattern: /^EXT4-fs \([^)]{1,64}\): Remounting filesystem read-only/,
    means: 'host.filesystem-read-only',
  },
  {
    starts: 'XFS (',
    pattern:
      /^XFS \([^)]{1,64}\): (?:Corruption of in-memory data|.{0,32}has been shut down|log I\/O error|Log I\/O Error)/,
    means: 'host.filesystem-read-only',
  },
  {
    starts: 'XFS (',
    pattern: /^XFS \([^)]{1,64}\): (?:metadata I\/O error|Metadata corruption)/,
    means: 'host.filesystem-error',
  },
  {
    starts: 'BTRFS',
    pattern: /^BTRFS \w{1,16} \(device [^)]{1,64}\):? .{0,64}forced readonly/,
    means: 'host.filesystem-read-only',
  },
  {
    starts: ['I/O error, ', 'critical ', 'blk_update_request: ', 'print_req_error: '],
    pattern: new RegExp(`^(?:blk_update_request: |print_req_error: )?(?:I/O error|critical \\w{1,16} error), ${DISK}`),
    means: 'host.disk-error',
  },
  { starts: 'Buffer I/O error on ', pattern: new RegExp(`^Buffer I/O error on ${DISK}`), means: 'host.disk-error' },
  {
    starts: 'nvme',
    pattern: /^nvme\d{1,4}[cn\d]{0,12}: I\/O Cmd\(0x[0-9a-f]{1,4}\) .{0,64}I\/O Error/,
    means: 'host.disk-error',
  },
  {
    starts: 'md/raid',
    pattern: /^md\/raid\d{0,2}:\w{1,32}: Disk failure on /,
    means: 'host.disk-error',
  },
  {
    starts: 'thermal thermal_zone',
    pattern: /^thermal thermal_zone\d{1,4}: .{0,32}critical temperature reached/,
    means: 'host.cpu-temperature',
  },
  {
    starts: 'nvme nvme',
    pattern:
      /^nvme nvme\d{1,4}: (?:controller is down|I\/O (?:tag )?\d.{0,64} timeout|Removing after probe failure|Device not ready)/,
    means: 'host.disk-error',
  },
];

/** `comm[pid]: segfault at … in libnccl.so.2`: any program's name comes first, so no row can begin with it. */
export const NCCL_CRASH = /^.{1,64}\[\d{1,10}\]: segfault at .{1,256} in lib(?:nccl|rccl)\b/;
