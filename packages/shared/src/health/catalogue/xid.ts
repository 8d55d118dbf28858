/**
 * NVIDIA Xid numbers, 1 to 176, and what we do about each. Where NVIDIA, gpud, Azure, AWS and measurements disagree, the reason
 * says which we follow. The rule behind the choices: an error of one application never costs a node, and an error that
 * leaves the GPU unusable is never left to a restart of the application.
 */
import { entries } from './entry.ts';

const NVIDIA = 'NVIDIA XID catalog';
const DRIVER = 'open-gpu-kernel-modules 595';

export const XIDS = entries('xid', [
  // Application errors.
  {
    codes: '8',
    title: 'GPU stopped processing: FIFO idle time-out',
    class: 'app',
    reason: 'Ends one application; a GPU that is really stuck says 46 or 109 as well, and those drain.',
    source: NVIDIA,
  },
  {
    codes: '11 25',
    title: 'Invalid or corrupted push buffer',
    class: 'app',
    reason: 'A command stream of one process was malformed; the next process brings its own.',
    source: NVIDIA,
  },
  {
    codes: '13',
    title: 'Graphics engine exception',
    class: 'app',
    strength: 'soft',
    reason:
      'Mostly an out-of-bounds access of the application. Hardware is suspected only when one GPC and TPC repeats over a day.',
    source: `${NVIDIA}; NVSentinel (2 in 24 h)`,
  },
  {
    codes: '31',
    title: 'MMU fault',
    class: 'app',
    strength: 'soft',
    reason:
      'Mostly a bad pointer. The same GPU again and again points to hardware, many GPUs at once to the application.',
    source: `${NVIDIA}; NVSentinel; Delta SC'25`,
  },
  {
    codes: '32',
    title: 'PBDMA error',
    class: 'app',
    reason:
      'gpud asks for a reboot, NVIDIA for a restart of the application, Azure does not list it: one channel is lost, not the GPU.',
    source: `${NVIDIA}; gpud; Azure health checks`,
  },
  {
    codes: '39-41 70-72 75-77 85 126-135',
    title: 'Copy engine error',
    class: 'app',
    reason: 'A transfer of one process failed; the engine is set up anew for the next.',
    source: NVIDIA,
  },
  {
    codes: '60',
    title: 'Security processor (SEC2) error',
    class: 'app',
    reason: 'gpud reboots, NVIDIA restarts the application; a SEC2 that halts for good is 169, which resets.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '68 82-84 86 88 89 96-105 139',
    title: 'Video or image engine error (NVDEC, NVJPG, OFA)',
    class: 'app',
    reason:
      'A codec session ends, compute goes on. gpud reboots and Azure drains for 68: that would cost a node for one video stream.',
    source: `${NVIDIA}; gpud; Azure health checks`,
  },
  {
    codes: '69',
    title: 'Graphics engine class error',
    class: 'app',
    reason:
      'An unlawful method sent by an application. gpud reboots and Azure drains; NVIDIA and AWS leave the node alone, and so do we.',
    source: `${NVIDIA}; gpud; Azure health checks; AWS GPU triage`,
  },
  {
    codes: '78',
    title: 'vGPU could not start',
    class: 'app',
    reason: 'A mismatch of host and guest software; no reset or reboot changes a version.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '80',
    title: 'Corrupted data sent to the GPU (push buffer CRC)',
    class: 'app',
    reason:
      'Azure drains; NVIDIA restarts the application, and a link that corrupts data shows in replay counters and 79.',
    source: `${NVIDIA}; Azure health checks`,
  },
  {
    codes: '94',
    title: 'Contained memory error',
    class: 'app',
    reason:
      'Containment worked: only the process that read the bad cell dies. gpud reboots at once; the pending remap waits for a window, and a flag that says otherwise arrives as 154.',
    source: `${NVIDIA}; ${DRIVER}; gpud`,
  },
  {
    codes: '108 137',
    title: 'Remote translation or NVLink privilege error',
    class: 'app',
    reason: 'A peer access without the right to it; the name mentions NVLink, but no link is at fault.',
    source: NVIDIA,
  },
  {
    codes: '166 170',
    title: 'NVLink error in confidential computing mode',
    class: 'app',
    reason: 'Appears in that mode alone and ends the session that met it.',
    source: NVIDIA,
  },

  // Shown and counted, nothing to do.
  {
    codes: '14',
    title: 'Fake error for tests',
    class: 'ignore',
    reason: 'Raised by test tools on purpose.',
    source: NVIDIA,
  },
  {
    codes: '37 66 67',
    title: 'Unimplemented or illegal access of the front end (FECS)',
    class: 'ignore',
    reason: 'The access was refused and nothing was lost.',
    source: NVIDIA,
  },
  {
    codes: '63',
    title: 'Row remapped or page retired',
    class: 'ignore',
    reason:
      'The repair itself. What remains to do is the reset that activates it, and the flag remap.pending (or retired.pending) says when. Azure drains at once; running work is safe meanwhile.',
    source: `${NVIDIA}; NVIDIA memory error management; Azure health checks`,
  },
  {
    codes: '93',
    title: 'InfoROM wear',
    class: 'ignore',
    reason: 'A warning that a small flash is written often; nothing fails by it.',
    source: NVIDIA,
  },
  {
    codes: '106 107',
    title: 'Management bus test message',
    class: 'ignore',
    reason: 'A test message of the board controller.',
    source: NVIDIA,
  },
  {
    codes: '121',
    title: 'Corrected error on the chip-to-chip link (Grace)',
    class: 'ignore',
    reason: 'Corrected, nothing was lost. gpud reboots for it; NVIDIA and AWS do nothing.',
    source: `${NVIDIA}; gpud; AWS GPU triage`,
  },
  {
    codes: '141',
    title: 'Fast path notice',
    class: 'ignore',
    reason: 'Informational by NVIDIA; no work is touched.',
    source: NVIDIA,
  },
  {
    codes: '142',
    title: 'Video encoder 3 (NVENC3) error',
    class: 'ignore',
    reason: 'An encoder session at most; gpud prints the text of another error for it.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '152 153',
    title: 'Deep learning accelerator (DLA) notice',
    class: 'ignore',
    reason: 'Not part of a data-centre GPU.',
    source: NVIDIA,
  },
  {
    codes: '160 161',
    title: 'Memory channel retired',
    class: 'ignore',
    reason: 'A repair that was done; when one is still to be activated, channel repair pending says so.',
    source: NVIDIA,
  },
  {
    codes: '162 163',
    title: 'Power smoothing engaged or disengaged',
    class: 'ignore',
    reason: 'A change of a power feature, not a fault.',
    source: NVIDIA,
  },

  // Worth a look, no drain.
  {
    codes: '92',
    title: 'High rate of single-bit errors',
    class: 'watch',
    reason: 'All of them were corrected. Azure drains; we show it, since a rate is a hint of a remap to come.',
    source: `${NVIDIA}; Azure health checks`,
  },
  {
    codes: '164 165',
    title: 'Power smoothing hardware near or at its end of life',
    class: 'watch',
    reason: 'The GPU still computes; a replacement can be planned in daylight.',
    source: NVIDIA,
  },
  {
    codes: '155',
    title: 'NVLink taken down by software',
    class: 'watch',
    strength: 'soft',
    reason:
      'Often intentional. NVIDIA resets; we wait for the driver to say so (154), since links that come back need nothing.',
    source: `${NVIDIA}; AWS GPU triage`,
  },

  // Follow another error.
  {
    codes: '38',
    title: 'Front-end (FECS) watchdog time-out',
    class: 'follow',
    reason: 'gpud reboots, NVIDIA ignores: it comes after an error that has its own number, and that one decides.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '43',
    title: 'GPU stopped processing for one process',
    class: 'follow',
    reason: 'The channel of a process that faulted is reset; the fault itself is another line.',
    source: NVIDIA,
  },
  {
    codes: '44',
    title: 'Graphics engine fault during a context switch',
    class: 'follow',
    reason: 'gpud reboots, NVIDIA ignores: the fault that interrupted the switch has its own number.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '45',
    title: 'Work removed early',
    class: 'follow',
    reason:
      'Clean-up after a killed process or another Xid; newer drivers name that Xid in the line. Alone it is a person pressing Ctrl-C.',
    source: `${NVIDIA}; ${DRIVER}; gpud`,
  },
  {
    codes: '159',
    title: 'Chip-to-chip protocol error without data',
    class: 'follow',
    reason: 'Matters only with unified memory, and then an MMU fault or 154 comes with it.',
    source: NVIDIA,
  },
  {
    codes: '171 172',
    title: 'Uncorrectable memory error, where: DRAM (171) or SRAM (172)',
    class: 'follow',
    reason:
      'Qualifies a 48 of the same moment. The 48, the ECC counters and the SRAM threshold flag decide; counted twice it would look like two faults.',
    source: `${NVIDIA}; ${DRIVER}`,
  },

  // Mean nothing until their details are read.
  {
    codes: '74',
    title: 'NVLink error',
    class: 'decode',
    strength: 'soft',
    reason:
      'Seven registers tell signal, ECC or hardware, and the peer may be the cause: by itself it condemns neither end. gpud reboots for all.',
    source: `${NVIDIA}; NVSentinel; gpud`,
  },
  {
    codes: '144-150',
    title: 'NVLink 5 error',
    class: 'decode',
    strength: 'soft',
    reason:
      'About half of the known forms are to be ignored, the rest resets; which it is lies in unit and registers. A reset that is due arrives as 154.',
    source: `${NVIDIA}; NVSentinel; gpud`,
  },
  {
    codes: '154',
    title: 'The recovery action of the GPU changed, and the line could not be read',
    class: 'decode',
    reason:
      'A line that can be read becomes recovery-action.N. This one is shown so that a driver with a new wording is noticed.',
    source: `${NVIDIA}; ${DRIVER}`,
  },

  // Wait for the next window.
  {
    codes: '156',
    title: 'A GPU resource was retired',
    class: 'reset-at-next-window',
    urgency: 'watch',
    reason: 'The repair is prepared and a reset activates it; until then the bad part is fenced off and work goes on.',
    source: NVIDIA,
  },

  // Reset the GPU.
  {
    codes: '46',
    title: 'GPU stopped processing (time-out)',
    class: 'reset',
    urgency: 'now',
    reason: 'The GPU does not answer its own driver: no application on it goes on.',
    source: NVIDIA,
  },
  {
    codes: '48',
    title: 'Uncorrectable (double-bit) memory error',
    class: 'reset',
    urgency: 'now',
    reason:
      'Data was lost. All sources drain; whether the board must go is told by the remap failure and SRAM threshold flags.',
    source: `${NVIDIA}; gpud; Azure health checks`,
  },
  {
    codes: '62',
    title: 'Power management unit halted',
    class: 'reset',
    urgency: 'now',
    reason: 'Without that unit clocks and power are not controlled; only a reset loads it again.',
    source: NVIDIA,
  },
  {
    codes: '95',
    title: 'Uncontained memory error',
    class: 'reset',
    urgency: 'now',
    reason: 'Containment failed: every application on this GPU may hold corrupt data.',
    source: `${NVIDIA}; ${DRIVER}`,
  },
  {
    codes: '109',
    title: 'Context switch time-out',
    class: 'reset',
    urgency: 'now',
    reason:
      'gpud takes no action and leaves a GPU that schedules nothing; NVIDIA resets, and drivers from 570 say so through 154 too.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '110',
    title: 'Security fault',
    class: 'reset',
    urgency: 'now',
    reason: 'The GPU stops trusting its firmware. After a change of hardware a cold start may be needed.',
    source: NVIDIA,
  },
  {
    codes: '119 120',
    title: 'GPU system processor (GSP) time-out or error',
    class: 'reset',
    urgency: 'now',
    reason:
      'The driver waits in vain for the GPU, every call hangs. A reset is tried first; measured fleets often needed a reboot, so a repeat after the reset is for a person.',
    source: `${NVIDIA}; ${DRIVER}; Delta SC'25; Azure health checks`,
  },
  {
    codes: '122-125',
    title: 'Board flash or InfoROM access failed',
    class: 'reset',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'NVIDIA lists them as unused on Ampere, yet Delta met 122 on A100, mostly just before MMU faults: too little to drain on alone.',
    source: `${NVIDIA}; gpud; Delta SC'25`,
  },
  {
    codes: '136',
    title: 'NVLink training failed',
    class: 'reset',
    urgency: 'soon',
    reason: 'The link stays down until the next reset. gpud stays healthy; NVIDIA resets.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '140',
    title: 'An ECC error escaped',
    class: 'reset',
    urgency: 'now',
    reason: 'Wrong data may have been used before the error was noticed.',
    source: NVIDIA,
  },
  {
    codes: '143',
    title: 'GPU initialisation failed',
    class: 'reset',
    urgency: 'now',
    reason: 'Nothing runs on it. gpud sends hardware at once; NVIDIA and AWS reset first and replace on a repeat.',
    source: `${NVIDIA}; gpud; AWS GPU triage`,
  },
  {
    codes: '158',
    title: 'Fatal GPU time-out',
    class: 'reset',
    urgency: 'now',
    reason: 'gpud stays healthy; NVIDIA resets, and a GPU that timed out fatally runs nothing.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '169',
    title: 'Security processor (SEC2) halted',
    class: 'reset',
    urgency: 'now',
    reason:
      'NVIDIA gives no action. A halted processor starts again only by a reset; gpud reboots in its table and stays healthy.',
    source: `${NVIDIA}; gpud`,
  },

  // Reboot the node.
  {
    codes: '79',
    title: 'GPU fell off the bus',
    class: 'reboot',
    urgency: 'now',
    reason:
      'The driver cannot reach the GPU, so it cannot reset it either; if it is gone after a reboot, it is hardware. Stands above a reset that 154 may ask for.',
    source: `${NVIDIA}; gpud; NVSentinel`,
  },
  {
    codes: '151',
    title: 'Key rotation failed (confidential computing)',
    class: 'reboot',
    urgency: 'soon',
    strength: 'soft',
    reason: 'NVIDIA restarts the virtual machine, which need not be the node: another signal or a person has to agree.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '167',
    title: 'Fatal PCIe time-out',
    class: 'reboot',
    urgency: 'now',
    reason:
      'The path to the GPU is broken, as with 79. No source states an action in words; gpud lists a reboot and yet stays healthy.',
    source: `${NVIDIA}; gpud`,
  },
  {
    codes: '168',
    title: 'Less memory than the board has (protected region)',
    class: 'reboot',
    urgency: 'soon',
    reason: 'Jobs sized for the whole memory fail; the region is set up only at start. What runs already may finish.',
    source: NVIDIA,
  },
  {
    codes: '173',
    title: 'Fatal failure of the chip-to-chip link',
    class: 'reboot',
    urgency: 'now',
    reason: 'CPU and GPU of a superchip lost each other. Only the driver header names it; gpud stays healthy.',
    source: `${DRIVER}; gpud`,
  },

  // Replace the board.
  {
    codes: '54',
    title: 'Auxiliary power is not connected',
    class: 'replace',
    urgency: 'soon',
    reason: 'A cable or a supply: somebody has to open the machine.',
    source: NVIDIA,
  },
  {
    codes: '64',
    title: 'Row remapping or page retirement failed',
    class: 'replace',
    urgency: 'soon',
    reason:
      "No spare row is left for a bad one, which is NVIDIA's own criterion for a replacement. NVIDIA resets and asks support, AWS isolates; a reset brings no spare.",
    source: `${NVIDIA}; NVIDIA memory error management; AWS GPU triage`,
  },
  {
    codes: '157',
    title: 'Retiring a GPU resource failed',
    class: 'replace',
    urgency: 'soon',
    reason: 'No repair is left. What runs may finish, nothing new should start.',
    source: NVIDIA,
  },

  // Numbers without a meaning on boards of today.
  {
    codes: '1-7 9 10 12 15-24 26-30 33-36 42 47 49-53 55-59 61 65 73 81 87 90 91 111-118 138',
    title: 'Not used on Ampere and newer',
    class: 'unclassified',
    strength: 'soft',
    reason:
      'NVIDIA retired it. gpud reboots and Azure drains for some; on a current board it would be a surprise that a person should see.',
    source: `${NVIDIA}; gpud; Azure health checks`,
  },
  {
    codes: '174-176',
    title: 'Named in the driver, described nowhere',
    class: 'unclassified',
    strength: 'soft',
    reason: 'The driver header has a name, no source an action: shown and counted, never drained for.',
    source: DRIVER,
  },
]);
