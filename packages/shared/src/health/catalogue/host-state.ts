/** What samples show of the host: counters in /sys, and the vendor's tools themselves. What the kernel log says is in `host.ts`. */
import { entries } from './entry.ts';

export const HOST_STATE = [
  ...entries('tool', [
    {
      codes: 'hung',
      title: "The vendor's tool hangs",
      class: 'watch',
      reason:
        'It did not end within its deadline, or not even after SIGKILL (state D: it waits inside the driver), mostly for one sick GPU, and hides all the others: the node is unknown as long as nothing answers, and never healthy. Closes when the tool answers again. gpud was blocked by it; NVSentinel restarted its monitor 49 times and never said so.',
      source: 'gpud; NVSentinel; Linux process states',
    },
  ]),
  ...entries('host', [
    {
      codes: 'memory-errors',
      title: 'Corrected errors of host memory grow fast',
      class: 'watch',
      strength: 'soft',
      reason:
        'Ten or more in ten minutes, and over when there are none for ten. Nothing was lost; the module has to be found and replaced. rasdaemon takes a page out after 50 in a day.',
      source: 'Linux EDAC; rasdaemon',
    },
  ]),
];
