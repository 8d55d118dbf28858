/** Links of a GPU: PCIe to its host, NVLink to its peers. A link has two ends, and either may be the bad one. */
import { entries } from './entry.ts';

const OURS = 'Trivet';

export const LINKS = [
  ...entries('pcie', [
    {
      codes: 'width-dropped',
      title: 'Fewer PCIe lanes under load than before',
      class: 'watch',
      strength: 'soft',
      reason:
        'Slower, not wrong; a reset, a reseat or the slot may be the cure. Judged under load only, where this board or one like it in the node has shown more. gpud, DCGM and NVSentinel do not look at it.',
      source: `NVML PCIe link width; ${OURS}`,
    },
    {
      codes: 'width-below-maximum',
      title: 'Fewer PCIe lanes under load than the board has',
      class: 'ignore',
      reason:
        'The slot may have no more, as in many cloud machines: nothing here ever showed more, so that it is said and nothing else.',
      source: `NVML PCIe link width; captures of T4, A10G and L40S; ${OURS}`,
    },
    {
      codes: 'generation-dropped',
      title: 'A lower PCIe generation under load than before',
      class: 'watch',
      strength: 'soft',
      reason: 'As for lanes. At rest the generation goes down by design, and nothing is judged.',
      source: `NVML PCIe link generation; ${OURS}`,
    },
    {
      codes: 'replays',
      title: 'PCIe replays',
      class: 'watch',
      strength: 'soft',
      reason:
        'More than eight a minute over ten minutes: the most that the driver allows, by DCGM. Packets arrive in the end; a growing rate often comes before Xid 79.',
      source: 'DCGM: DCGM_LIMIT_MAX_PCIREPLAY_RATE',
    },
  ]),
  ...entries('nvlink', [
    {
      codes: 'inactive',
      title: 'NVLinks are down that should be up',
      class: 'domain',
      urgency: 'soon',
      strength: 'soft',
      reason:
        'Fewer than this GPU had, or than all boards like it have. The switch, the fabric manager or the peer may be the cause: a person decides. Boards that never had one up are not meant: NVSentinel condemned PCIe boards for it, and gpud called all links down healthy.',
      source: 'nvidia-smi nvlink; NVSentinel; gpud',
    },
    {
      codes: 'errors',
      title: 'NVLink errors grow',
      class: 'watch',
      strength: 'soft',
      reason:
        'Packets were sent again or dropped, twice or more in ten minutes, or CRC errors come at 100 a second. DCGM fails a GPU at the first replay and Meta at the first error; a fault that matters says Xid 74 or 144 to 150.',
      source: 'DCGM: DCGM_LIMIT_MAX_NVLINK_ERROR, DCGM_LIMIT_MAX_NVLINK_CRC_ERROR; gcm',
    },
    {
      codes: 'recovery',
      title: 'NVLinks are trained anew',
      class: 'watch',
      strength: 'soft',
      reason:
        'Traffic stops while a link trains. DCGM fails the GPU at the first, we wait for the Xid that a failed one brings.',
      source: 'DCGM NVLink health; nvidia-smi nvlink',
    },
  ]),
];
