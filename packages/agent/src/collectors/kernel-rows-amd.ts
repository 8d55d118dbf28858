/**
 * What amdgpu says of a GPU: hung rings and resets, and reliability (RAS) reports in their old and new forms. An all-clear
 * holds the words of a fault (`no uncorrectable hardware errors detected`), a recovered time-out those of a hang: counts and
 * endings are read, not words. Format strings: Linux, drivers/gpu/drm/amd/amdgpu/{amdgpu_job,amdgpu_device,amdgpu_ras,
 * amdgpu_ras_eeprom,amdgpu_aca,mes_v11_0,mes_v12_0,gmc_v9_0}.c, amd/ras/rascore, amd/amdkfd and drm_drv.c.
 */
import { severityOfStatus } from './kernel-rows.ts';
import type { LineRow, Meaning } from './kernel-rows.ts';

/** Before the text proper, in any order and number: the driver's name again, the DRM's, an event's number. */
export const AMD_TAGS =
  /^(?:amdgpu: |\[drm(?::\w{1,64})?(?: \[amdgpu\])?\] |\[powerplay\] |\*ERROR\* |\{\d{1,20}\} ?|\[Hardware Error\]: ){1,8}/;

/** What a hang opened is over once the driver has recovered, however it did. */
const HANG = ['amdgpu.ring-timeout', 'amdgpu.ring-reset-failed', 'amdgpu.reset-begun', 'amdgpu.mes-timeout'];

/**
 * A sleeping consumer card reads as 0xffff errors in each of its 16 channels, which adds up query by query; no board lives
 * through a million uncorrected errors either (captured; ROCm users' reports).
 */
const IMPLAUSIBLE = 0xffff * 16;

function byCount([, count = '', kind = '']: RegExpExecArray): Meaning | null {
  const errors = count === 'no' ? 0 : Number(count);
  if (errors === 0) return null;
  if (errors >= IMPLAUSIBLE) return { code: 'amdgpu.ras-implausible' };
  return { code: `amdgpu.ras-${kind}` };
}

const BY_STATUS = {
  corrected: 'amdgpu.ras-correctable',
  deferred: 'amdgpu.ras-deferred',
  uncorrected: 'amdgpu.ras-uncorrectable',
} as const;

function byStatus([, hex = '']: RegExpExecArray): Meaning {
  return { code: BY_STATUS[severityOfStatus(hex)] };
}

/** Rows for the text after address and tags. */
export const AMD_ROWS: readonly LineRow[] = [
  {
    starts: '',
    pattern:
      /^(?:socket: \d{1,4}, (?:die: \d{1,4},? )?)?(\d{1,15}|no) (?:new )?(uncorrectable|correctable|deferred) hardware errors? detected in (?:total in )?\w{1,32} block/i,
    means: byCount,
  },
  {
    starts: '',
    pattern: /^(?:socket: \d{1,4}, (?:die: \d{1,4},? )?)?[1-9]\d{0,14} (?:new )?poison consumption detected in /,
    means: 'amdgpu.poison-consumed',
  },
  { starts: 'RAS poison consumption, unmap queue flow succe', pattern: /^/, means: 'amdgpu.poison-consumed' },
  {
    starts: 'uncorrectable hardware error',
    pattern: /^uncorrectable hardware error ?\(ERREVENT_\w{1,64}\) detected/,
    means: 'amdgpu.ras-fatal',
  },
  { starts: 'aca entry', pattern: /^aca entry\[\d{1,4}\]\.STATUS=0x([0-9a-f]{1,16})\b/i, means: byStatus },
  // `timeout, but soft recovered` is a job that was ended in time.
  { starts: 'ring ', pattern: /^ring \S{1,64} timeout,? (?!but soft recovered)/, means: 'amdgpu.ring-timeout' },
  { starts: 'Ring ', pattern: /^Ring \S{1,64} reset succe/, means: () => ({ over: ['amdgpu.ring-timeout'] }) },
  { starts: 'Ring ', pattern: /^Ring \S{1,64} reset failed/, means: 'amdgpu.ring-reset-failed' },
  { starts: 'GPU reset begin', pattern: /^/, means: 'amdgpu.reset-begun' },
  // The hardware was reset. Whether the driver could go on with it, the next of these says.
  { starts: 'GPU reset succeeded, trying to resume', pattern: /^/, means: () => ({ isReset: true }) },
  // Also printed when no reset was needed (`Guilty job already signaled`): proves that the hang is over, and no reset.
  { starts: 'GPU reset(', pattern: /^GPU reset\(\d{1,10}\) succeeded/, means: () => ({ over: HANG }) },
  { starts: 'GPU reset(', pattern: /^GPU reset\(\d{1,10}\) failed/, means: 'amdgpu.reset-failed' },
  { starts: 'GPU reset end with ret', pattern: /^GPU reset end with ret = -?[1-9]/, means: 'amdgpu.reset-failed' },
  { starts: 'GPU Recovery Failed', pattern: /^/, means: 'amdgpu.reset-failed' },
  { starts: 'ASIC reset failed', pattern: /^/, means: 'amdgpu.reset-failed' },
  { starts: 'device wedged, needs recovery', pattern: /^/, means: 'amdgpu.wedged' },
  { starts: 'VRAM is lost due to GPU reset', pattern: /^/, means: 'amdgpu.vram-lost' },
  { starts: 'MES', pattern: /^MES(?:\(\d{1,4}\))? failed to respon/, means: 'amdgpu.mes-timeout' },
  { starts: 'MES', pattern: /^MES ring buffer is full/, means: 'amdgpu.mes-timeout' },
  { starts: 'MES might be in unrecoverable state', pattern: /^/, means: 'amdgpu.queues-stuck' },
  { starts: 'The cp might be in an unrecoverable state', pattern: /^/, means: 'amdgpu.queues-stuck' },
  { starts: 'Failed to evict', pattern: /^Failed to evict (?:process )?queues?/, means: 'amdgpu.queues-stuck' },
  { starts: '[', pattern: /^\[(?:gfx|mm)hub\w{0,16}\] (?:no-retry |retry )?page fault/, means: 'amdgpu.page-fault' },
  { starts: 'Failed to send message 0x', pattern: /^/, means: 'amdgpu.smu-timeout' },
  { starts: 'SMU: ', pattern: /^SMU: (?:I'm not done|No response|response:0xFFFFFFFF)/i, means: 'amdgpu.smu-timeout' },
  { starts: 'SMU is in hanged state', pattern: /^/, means: 'amdgpu.smu-timeout' },
  { starts: 'device lost from bus', pattern: /^/, means: 'amdgpu.lost' },
  // Linux, include/linux/pci.h: 3 is a permanent failure.
  { starts: 'PCI error: detected callback', pattern: /^.{28}, state\(3\)/, means: 'amdgpu.lost' },
  { starts: 'PCI error: detected callback', pattern: /^/, means: 'pcie.aer-fatal' },
  { starts: 'Fatal error during GPU init', pattern: /^/, means: 'amdgpu.init-failed' },
  {
    starts: '',
    pattern: /^(?:ERROR: GPU over temperature range|GPU over temperature range|System is going to shutdown due to GPU)/,
    means: 'amdgpu.over-temperature',
  },
  { starts: 'RAS records:', pattern: /^RAS records:\d{1,10} exceeds \d\d% of/, means: 'amdgpu.bad-pages-near-limit' },
  { starts: 'RAS records:', pattern: /^RAS records:\d{1,10} exceed threshold/, means: 'amdgpu.bad-pages-limit' },
  {
    starts: 'Saved bad pages ',
    pattern: /^Saved bad pages \d{1,10} reaches threshold/,
    means: 'amdgpu.bad-pages-limit',
  },
  { starts: 'GPU will not be initialized. Replace this GPU', pattern: /^/, means: 'amdgpu.bad-pages-limit' },
  // The opposite of a retirement: the page stays in use.
  { starts: '', pattern: /^failed to reserve bad pages?\b/i, means: 'amdgpu.bad-page-in-use' },
  {
    starts: 'bad page ',
    pattern: /^bad page 0x[0-9a-f]{1,16} (?:was )?(?:reserved|retired)/,
    means: 'amdgpu.bad-page',
  },
  { starts: 'RAS ', pattern: /^RAS [Tt]able incorrect checksum/, means: 'amdgpu.ras-table' },
];
