/** What amdgpu says in the kernel log. AMD has no Xid: ring, GPU, node and board are the rungs, and the driver climbs the first two itself. */
import { entries } from './entry.ts';

const DRIVER = 'Linux amdgpu driver; captured lines';
const RAS = 'Linux amdgpu RAS; AMD device metrics exporter';

export const AMD_KERNEL = entries('amdgpu', [
  {
    codes: 'ring-timeout',
    title: 'A job hung on a queue (ring) of the GPU',
    class: 'app',
    reason:
      'Mostly a shader or kernel that never ends. The driver resets the ring, then the GPU, and says how that went: its answer decides, and closes this. A job that was ended in time (soft recovered) is no fault at all.',
    source: DRIVER,
  },
  {
    codes: 'page-fault',
    title: 'GPU page fault',
    class: 'app',
    reason: 'A bad pointer of the application, as Xid 31; the GPU goes on.',
    source: DRIVER,
  },
  {
    codes: 'vram-lost',
    title: 'A reset lost what was in GPU memory',
    class: 'app',
    reason: 'All that ran on the GPU has to start again; the GPU itself is fresh.',
    source: DRIVER,
  },
  {
    codes: 'poison-consumed',
    title: 'A process read memory that was known to be bad',
    class: 'app',
    reason:
      'Contained: its queues were taken away. What cannot be contained becomes a GPU reset, which has lines of its own.',
    source: RAS,
  },
  {
    codes: 'mes-timeout',
    title: 'The scheduler firmware (MES) did not answer once',
    class: 'watch',
    strength: 'soft',
    reason:
      'Single time-outs are seen on cards that go on working; when it matters, the driver says unrecoverable or resets.',
    source: DRIVER,
  },
  {
    codes: 'queues-stuck',
    title: 'Queues of a process could not be taken off the GPU',
    class: 'reset',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'The driver itself supposes that only a reset helps, and mostly starts one. Some of these lines name no GPU: another signal or a person has to agree.',
    source: DRIVER,
  },
  {
    codes: 'smu-timeout',
    title: 'The power management firmware (SMU) does not answer',
    class: 'reset',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'Clocks and power are not controlled any more, as with Xid 62; single lines also come while a reset is under way.',
    source: DRIVER,
  },
  {
    codes: 'ring-reset-failed',
    title: 'A hung ring could not be reset',
    class: 'reset',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'The driver goes on to reset the GPU, and its success closes this. Where that is switched off, the ring stays hung.',
    source: DRIVER,
  },
  {
    codes: 'reset-begun',
    title: 'The driver began to reset the GPU',
    class: 'watch',
    reason:
      'Everything on it has stopped. Closes when the driver says that it has recovered; while it does not, it is not known.',
    source: DRIVER,
  },
  {
    codes: 'reset-failed',
    title: 'Resetting the GPU failed',
    class: 'reboot',
    urgency: 'now',
    reason: 'The driver has no other means: the next rung is a reboot.',
    source: DRIVER,
  },
  {
    codes: 'wedged',
    title: 'The GPU is wedged and needs recovery',
    class: 'reboot',
    urgency: 'soon',
    reason: "The driver's own verdict: it asks user space for a recovery that it cannot do.",
    source: 'Linux drm_drv.c: device wedged event',
  },
  {
    codes: 'lost',
    title: 'GPU lost from the bus',
    class: 'reboot',
    urgency: 'now',
    reason: 'The driver cannot reach the GPU, so it cannot reset it either, as with Xid 79.',
    source: DRIVER,
  },
  {
    codes: 'init-failed',
    title: 'GPU initialisation failed',
    class: 'reboot',
    urgency: 'soon',
    strength: 'soft',
    reason: 'Nothing runs on it; a wrong firmware or driver says the same as broken hardware does.',
    source: DRIVER,
  },
  {
    codes: 'over-temperature',
    title: 'The GPU is over its temperature limit',
    class: 'watch',
    reason: 'A matter of cooling; the GPU throttles, and the driver shuts the machine down before harm is done.',
    source: DRIVER,
  },
  {
    codes: 'ras-fatal',
    title: 'Fatal hardware error of the GPU (RAS interrupt)',
    class: 'reset',
    urgency: 'now',
    reason:
      'An error that nothing contained: all work on the GPU is lost, and the driver resets it. After a reset an MI300X may still be undefined before ROCm 6.2.2: a repeat is for a person.',
    source: `${RAS}; ROCm issue 3766`,
  },
  {
    codes: 'ras-uncorrectable',
    title: 'Uncorrectable hardware errors',
    class: 'reset',
    urgency: 'soon',
    reason:
      "Data was lost. AMD's exporter calls the GPU unhealthy from the first on; the bad page is retired, a reset gives fresh memory.",
    source: RAS,
  },
  {
    codes: 'ras-deferred',
    title: 'Deferred hardware errors: bad data found, not used yet',
    class: 'watch',
    strength: 'soft',
    reason: 'Whoever reads it is stopped then; the page is retired. AMD does not judge health by them.',
    source: RAS,
  },
  {
    codes: 'ras-correctable',
    title: 'Corrected hardware errors',
    class: 'ignore',
    reason: 'Corrected where they arose; their number is in the counters.',
    source: RAS,
  },
  {
    codes: 'ras-implausible',
    title: 'An error count that no GPU lives through',
    class: 'watch',
    strength: 'soft',
    reason:
      'A consumer card that sleeps reads as 1,048,560 errors at every query (driver bug): not believed, and its real count is not known.',
    source: 'Captured lines; ROCm users',
  },
  {
    codes: 'bad-page',
    title: 'A bad memory page was retired',
    class: 'ignore',
    reason: 'The repair itself, done at once and without a reset.',
    source: RAS,
  },
  {
    codes: 'bad-page-in-use',
    title: 'A bad memory page could not be retired',
    class: 'watch',
    strength: 'soft',
    reason:
      'Somebody holds it: it stays in use until the driver is loaded anew. The opposite of a repair, whatever its words.',
    source: RAS,
  },
  {
    codes: 'bad-pages-near-limit',
    title: 'Nearly as many bad pages as the board may have',
    class: 'watch',
    reason: 'A replacement can be planned in daylight.',
    source: RAS,
  },
  {
    codes: 'bad-pages-limit',
    title: 'More bad pages than the board may have',
    class: 'replace',
    urgency: 'soon',
    reason: "The driver's own criterion for a replacement; it may refuse to start the GPU next time.",
    source: RAS,
  },
  {
    codes: 'ras-table',
    title: 'The table of bad pages on the board is damaged',
    class: 'watch',
    strength: 'soft',
    reason: 'Known bad pages may come back into use; a corrupted table also floods the log with pages that are fine.',
    source: `${RAS}; ROCm issue 5719`,
  },
]);
