/** What samples show of a GPU or a node, and the driver's own verdict: conditions that hold until they are seen to be over. */
import { entries } from './entry.ts';

const NVML = 'NVML: GPU recovery action; open-gpu-kernel-modules 595';
const MEMORY = 'NVIDIA GPU memory error management';
const OURS = 'Trivet';

const RECOVERY = entries('recovery-action', [
  {
    codes: '0',
    title: 'The driver asks for nothing',
    class: 'ignore',
    reason: 'Never opens a finding: it is the proof that a reset which the driver had asked for has been done.',
    source: NVML,
  },
  {
    codes: '1',
    title: 'The driver asks for a GPU reset',
    class: 'reset',
    urgency: 'now',
    reason: "The driver's own verdict stands alone, and it takes no new work until the reset.",
    source: NVML,
  },
  {
    codes: '2 7',
    title: 'The driver asks for a reboot',
    class: 'reboot',
    urgency: 'now',
    reason: "The driver's own verdict stands alone: it knows that a reset would not help.",
    source: NVML,
  },
  {
    codes: '3',
    title: 'The driver asks to stop peer-to-peer traffic',
    class: 'domain',
    action: 'drain-p2p',
    urgency: 'soon',
    reason: 'Which peers are meant is known by the fabric, not by this node: a person decides.',
    source: NVML,
  },
  {
    codes: '4',
    title: 'The driver asks to drain, then to reset',
    class: 'reset',
    urgency: 'soon',
    reason: 'Running work may end by itself; the driver turns it into a reset request when it has.',
    source: NVML,
  },
  {
    codes: '5',
    title: 'The driver asks to recover the IMEX domain',
    class: 'domain',
    action: 'recover-imex',
    urgency: 'soon',
    reason: 'Spans the nodes of an NVLink domain: no single drain mends it, a person decides.',
    source: NVML,
  },
  {
    codes: '6',
    title: 'The driver asks for a bus reset of the GPU',
    class: 'reset',
    urgency: 'now',
    reason: "The driver's own verdict stands alone; the node must be empty for it as for any reset.",
    source: NVML,
  },
  {
    codes: 'unclassified',
    title: 'The driver asks for something that the catalogue does not know',
    class: 'unclassified',
    strength: 'soft',
    reason: 'A newer driver with a new word or number: shown, counted, never drained for.',
    source: OURS,
  },
]);

const GPU = entries('gpu', [
  {
    codes: 'lost',
    title: 'GPU lost',
    class: 'reboot',
    urgency: 'now',
    reason:
      'The driver itself says that the GPU is gone; it cannot reset what it cannot reach. With no Xid this is the only sign.',
    source: 'NVML error 15; captured kernel lines without an Xid',
  },
  {
    codes: 'unknown-error',
    title: 'Readings that every working GPU gives are errors',
    class: 'reboot',
    urgency: 'soon',
    strength: 'soft',
    reason: 'Seen on dead boards, and once in a while on live ones: needs a second signal.',
    source: 'nvidia-smi captures',
  },
  {
    codes: 'unreachable',
    title: 'The tool could not open this GPU, or not read all that decides',
    class: 'watch',
    strength: 'soft',
    reason: 'A time-out or a missing right is not a broken board.',
    source: 'nvidia-smi 535 measured',
  },
  {
    codes: 'count',
    title: 'The number of GPUs is not the expected one',
    class: 'watch',
    strength: 'soft',
    reason: 'Expectation and machine differ and either may be wrong: no drain without a loss that was seen.',
    source: OURS,
  },
  {
    codes: 'fewer-than-before',
    title: 'Fewer GPUs than this node had before',
    class: 'reboot',
    urgency: 'soon',
    reason: 'The node itself showed more: a GPU went away. Work on it has failed already and the rest may finish.',
    source: OURS,
  },
]);

const ECC = entries('ecc', [
  {
    codes: 'dram-uncorrectable',
    title: 'Uncorrectable DRAM errors since the driver was loaded',
    class: 'reset-at-next-window',
    reason:
      'On a board that remaps rows the bad one is fenced off until a reset swaps it: running work is safe. An error that was not contained says 95 or 154.',
    source: `${MEMORY}; Azure and Meta drain at once`,
  },
  {
    codes: 'dram-uncorrectable-no-remap',
    title: 'Uncorrectable DRAM errors since the driver was loaded, on a board without row remapping',
    class: 'reset',
    urgency: 'soon',
    reason: 'Nothing fences the bad page off before the driver is loaded anew: the next job may get it.',
    source: 'NVIDIA page retirement',
  },
  {
    codes: 'sram-uncorrectable',
    title: 'Uncorrectable SRAM errors since the driver was loaded',
    class: 'reset',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'Azure fails the node at the first; one contained parity error costs a process, and a GPU in need of a reset says so by 48, 95 or 154.',
    source: `${MEMORY}; Azure health checks`,
  },
  {
    codes: 'sram-threshold',
    title: 'More SRAM errors than NVIDIA allows',
    class: 'replace',
    urgency: 'soon',
    reason: "NVIDIA's own criterion for a replacement.",
    source: MEMORY,
  },
  {
    codes: 'channel-repair-pending tpc-repair-pending',
    title: 'A repair waits for a reset',
    class: 'reset-at-next-window',
    reason: 'The bad part is out of use already; the reset puts its spare in place.',
    source: MEMORY,
  },
  {
    codes: 'unrepairable-memory',
    title: 'Memory that cannot be repaired',
    class: 'replace',
    urgency: 'soon',
    reason: 'The driver has used up rows and channels.',
    source: MEMORY,
  },
  {
    codes: 'aggregate-uncorrectable',
    title: 'Uncorrectable errors some time in the life of the board',
    class: 'ignore',
    reason:
      'A lifetime count that no reset clears; what mattered was repaired or has its own flag. Azure drains for SRAM ones for ever.',
    source: `${MEMORY}; Azure health checks`,
  },
  {
    codes: 'off',
    title: 'ECC is off on a data-centre board',
    class: 'config',
    reason: 'Memory errors go unnoticed: somebody has to switch it on, no drain does.',
    source: OURS,
  },
]);

const REST = [
  ...entries('remap', [
    {
      codes: 'pending',
      title: 'A remapped row waits for a reset',
      class: 'reset-at-next-window',
      reason:
        'NVIDIA lets unaffected work go on; Azure, Meta and gpud take the node out at once and lose it for nothing.',
      source: `${MEMORY}; Azure health checks; gcm; gpud`,
    },
    {
      codes: 'failure',
      title: 'Row remapping failed',
      class: 'replace',
      urgency: 'soon',
      reason:
        "No spare row is left in a bank: NVIDIA's own criterion for a replacement, to be confirmed by its field diagnostic.",
      source: MEMORY,
    },
  ]),
  ...entries('retired', [
    {
      codes: 'pending',
      title: 'A retired page waits for the driver to be loaded anew',
      class: 'reset-at-next-window',
      reason: 'The page stays mapped for work that has it; new work meets it only after a crash.',
      source: 'NVIDIA page retirement',
    },
    {
      codes: 'limit',
      title: 'As many pages retired as the board can retire',
      class: 'replace',
      urgency: 'soon',
      reason: 'The next bad page cannot be retired.',
      source: 'NVIDIA page retirement: 64 at most',
    },
  ]),
  ...entries('fabric', [
    {
      codes: 'not-ready',
      title: 'The GPU has not joined the NVLink fabric',
      class: 'watch',
      reason:
        'CUDA does not start on it; mostly the fabric manager is not running or still at work, which no drain changes.',
      source: 'NVML fabric state; NVSentinel',
    },
    {
      codes: 'unhealthy',
      title: 'The NVLink fabric reports a fault at this GPU',
      class: 'domain',
      urgency: 'soon',
      strength: 'soft',
      reason: 'Switches, cables and peers are candidates as much as this node: a person decides.',
      source: 'NVML fabric status and health',
    },
  ]),
  ...entries('reset-status', [
    {
      codes: 'required',
      title: 'The GPU requires a reset',
      class: 'reset',
      urgency: 'now',
      reason: "The driver's own verdict, in the words of drivers before the recovery action.",
      source: 'NVML error 16; nvidia-smi 535 to 565',
    },
    {
      codes: 'recommended',
      title: 'The driver recommends to drain and reset the GPU',
      class: 'reset',
      urgency: 'soon',
      reason: "The driver's own verdict; what runs may finish.",
      source: 'nvidia-smi 535 to 565',
    },
  ]),
];

export const CONDITIONS = [...RECOVERY, ...GPU, ...ECC, ...REST];
