/**
 * What amd-smi and rocm-smi show of an AMD board. AMD has no Xid and no verdict of the driver; what helps is, in this order: reset
 * of a ring (the driver's own), reset of the GPU (mode 1), reboot, and replacement by the number of bad pages. Counters run
 * since the driver was loaded and survive a reset of the GPU, so that only a reboot proves that it is over. AMD's own exporter
 * calls a GPU unhealthy at the first uncorrectable error of any part, and every GPU of the node when its agent does not
 * answer; a tool that does not answer is unknown here, never a fault.
 */
import { entries } from './entry.ts';

const RAS = 'Linux kernel documentation: AMDGPU RAS support';
const EXPORTER = 'AMD device-metrics-exporter health thresholds';
const SMI = 'AMD SMI documentation';
const OURS = 'Trivet';

export const AMD = entries('amd', [
  {
    codes: 'ecc-uncorrectable-memory',
    title: 'Uncorrectable memory errors since the driver was loaded',
    class: 'reboot',
    urgency: 'soon',
    reason:
      'Data were lost, and the driver has reset the GPU or ended the work. A reset after such an error left MI300X in an undefined state before ROCm 6.2.2; a reboot also takes the page out of use before any work can get it.',
    source: `${EXPORTER}; ${RAS}; ROCm issue 3766`,
  },
  {
    codes: 'ecc-uncorrectable',
    title: 'Uncorrectable errors in a part of the chip since the driver was loaded',
    class: 'reboot',
    urgency: 'soon',
    reason:
      'Caches, engines or firmware memory lost data; only a reboot loads all of them anew, and clears the counter that would call for it again.',
    source: `${EXPORTER}; ${RAS}`,
  },
  {
    codes: 'ecc-uncorrectable-link',
    title: 'Uncorrectable errors on the PCIe or XGMI side of the chip',
    class: 'reboot',
    urgency: 'soon',
    strength: 'soft',
    reason: 'The other end of the link is a candidate as much as this board: needs a second signal.',
    source: `${EXPORTER}; ${OURS}`,
  },
  {
    codes: 'ecc-deferred',
    title: 'Deferred errors: poisoned memory that nobody has used yet',
    class: 'watch',
    reason:
      'No work has lost data; who reads the place is stopped and counted as uncorrectable. The page is retired, and says so itself while it waits.',
    source: `${RAS}; the exporter counts them and does not judge`,
  },
  {
    codes: 'ecc-correctable-growth',
    title: 'Many corrected errors within a quarter of an hour',
    class: 'watch',
    reason: 'Corrected errors cost nothing; a place that needs it again and again is retired sooner or later.',
    source: OURS,
  },
  {
    codes: 'ecc-off',
    title: 'ECC is off on a data-centre board',
    class: 'config',
    reason: 'Memory errors go unnoticed: somebody has to switch it on, no drain does.',
    source: OURS,
  },
  {
    codes: 'ecc-implausible',
    title: 'Error counters that no memory can have',
    class: 'watch',
    strength: 'soft',
    reason:
      'Consumer boards whose driver reads registers that are not there report over a million errors a query: not believed, and not taken for none either.',
    source: 'rocm-smi reports of such boards',
  },
  {
    codes: 'bad-pages-pending',
    title: 'Bad pages wait to be taken out of use',
    class: 'reset-at-next-window',
    reason: 'Running work keeps the page until it ends; the driver takes it when memory is set up anew.',
    source: RAS,
  },
  {
    codes: 'bad-pages-unreservable',
    title: 'Bad pages that the driver could not take out of use',
    class: 'reboot',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'Something holds a page that is known to be bad; at its start the driver reserves bad pages before anybody.',
    source: RAS,
  },
  {
    codes: 'bad-pages-near-threshold',
    title: 'Nine tenths of the bad pages that the board may have',
    class: 'watch',
    reason: 'The driver warns at the same share; a spare can be ordered.',
    source: RAS,
  },
  {
    codes: 'bad-pages-threshold',
    title: 'As many bad pages as the board may have',
    class: 'replace',
    urgency: 'soon',
    reason: "AMD's own criterion for a replacement: at its next start the driver may refuse the board.",
    source: `${RAS}: bad_page_threshold`,
  },
  {
    codes: 'throttle-thermal',
    title: 'Clocks held back by heat',
    class: 'watch',
    reason: 'Cooling, not the board, is the likely cause; work is slower, and right.',
    source: `${SMI}: violation status; the exporter does not judge it`,
  },
  {
    codes: 'pcie-width',
    title: 'Fewer PCIe lanes than the board has, while it works',
    class: 'watch',
    reason: 'Work is slower, and right; seat, riser and board are candidates.',
    source: OURS,
  },
  {
    codes: 'pcie-replay',
    title: 'Many PCIe replays within a quarter of an hour',
    class: 'watch',
    reason: 'The link repeats what was damaged on its way: slower, and right, until it is not.',
    source: `${OURS}; the exporter counts them and does not judge`,
  },
  {
    codes: 'xgmi-error',
    title: 'Errors on the XGMI links',
    class: 'watch',
    strength: 'soft',
    reason:
      'The status says neither which link nor whether it was repaired, and reading it clears it: it is over when a look finds none.',
    source: `${SMI}; Linux kernel amdgpu_xgmi.c`,
  },
  {
    codes: 'xgmi-link-down',
    title: 'An XGMI link is down',
    class: 'reboot',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'Work across GPUs fails or crawls. All GPUs of a hive train their links together, so a reset of one does not bring it back; board and baseboard are candidates.',
    source: `${SMI}: xgmi link status; ${OURS}`,
  },
]);
