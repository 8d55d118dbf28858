/**
 * Xids whose line, neighbours or repetition say more than their number: an error of memory by where it was, an NVLink error by
 * its registers, containment by its flags, an application's error that always meets the same part of the same GPU.
 */
import { entries } from './entry.ts';

const NVIDIA = 'NVIDIA XID catalog';
const DRIVER = 'open-gpu-kernel-modules 595';

export const XIDS_DECODED = entries('xid', [
  {
    codes: '13.repeat',
    title: 'Graphics engine exceptions in the same part of one GPU, again and again',
    class: 'reset',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'Twice within a day in one GPC and TPC, and in few others: NVIDIA suspects hardware and runs diagnostics. All over the GPU it is the application. One that crashes in a loop may still look alike, so it drains nobody alone.',
    source: `${NVIDIA}, workflow 13; NVSentinel (2 in 24 h)`,
  },
  {
    codes: '31.repeat',
    title: 'MMU faults on one GPU alone, again and again',
    class: 'watch',
    strength: 'soft',
    reason:
      'Twice within a day on the same GPU and on no other: NVIDIA runs diagnostics. On several GPUs it is the application, and this is not said.',
    source: `${NVIDIA}, workflow 31; NVSentinel (2 in 24 h)`,
  },
  {
    codes: '48.dram',
    title: 'Uncorrectable memory error in DRAM (qualified by Xid 171)',
    class: 'reset',
    urgency: 'now',
    reason:
      'Data was lost; the reset puts a spare row in the place of the bad one. The board goes only when remapping fails (64).',
    source: `${NVIDIA}, workflow 48; ${DRIVER}`,
  },
  {
    codes: '48.sram',
    title: 'Uncorrectable memory error in SRAM (qualified by Xid 172)',
    class: 'reset',
    urgency: 'now',
    reason: "Data was lost. The board goes only when the driver's threshold flag says so (ecc.sram-threshold).",
    source: `${NVIDIA}, workflow 48; ${DRIVER}`,
  },
  {
    codes: '94.reset',
    title: 'Contained memory error after which the driver wants a reset',
    class: 'reset',
    urgency: 'now',
    reason: 'The line carries the flag RST: Yes. Contained, but the GPU takes no new work.',
    source: DRIVER,
  },
  {
    codes: '94.drain',
    title: 'Contained memory error after which the driver wants to drain and reset',
    class: 'reset',
    urgency: 'soon',
    reason: 'The line carries the flag D-RST: Yes. What runs may finish.',
    source: DRIVER,
  },
  {
    codes: '74.link',
    title: 'NVLink error: signal, connection or link hardware',
    class: 'domain',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'The registers point at the link between two devices: connections first, then diagnostics, at either end. For a person.',
    source: `${NVIDIA}, workflow NVLink; NVSentinel`,
  },
  {
    codes: '74.fabric',
    title: 'NVLink error that a reset of the fabric ends',
    class: 'domain',
    urgency: 'soon',
    strength: 'soft',
    reason: 'Mostly secondary, yet the fabric needs a reset to go on.',
    source: `${NVIDIA}, workflow NVLink`,
  },
  {
    codes: '74.ecc',
    title: 'NVLink error: ECC or parity inside the link logic',
    class: 'watch',
    strength: 'soft',
    reason: 'More than two on one link are a fault of hardware; the count is in the finding.',
    source: `${NVIDIA}, workflow NVLink; NVSentinel`,
  },
  {
    codes: '74.sympathetic',
    title: 'NVLink error that follows another',
    class: 'follow',
    reason: 'Only secondary bits are set: the other error decides.',
    source: `${NVIDIA}, workflow NVLink`,
  },
  {
    codes: '74.ignore',
    title: 'NVLink event that needs nothing',
    class: 'ignore',
    reason: 'Only bits that NVIDIA says to ignore, or a threshold of corrected errors.',
    source: `${NVIDIA}, workflow NVLink`,
  },
]);
