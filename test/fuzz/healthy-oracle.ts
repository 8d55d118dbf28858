/**
 * When a node may be called healthy on the word of `nvidia-smi -q -x`: written from what the tool is known to print, over a DOM,
 * and apart from the code under test. It only ever forbids: any reason here, and "healthy" is wrong. What is said twice
 * counts both times.
 */
import type { Element } from '@xmldom/xmldom';
import { elementsIn, parseDom, textIn } from './dom.ts';

/** "This board or driver has no such thing". */
const NOTHING =
  /^\[?(|N\/A|Not Supported|Not available\b.*|Requested functionality has been deprecated|Not Found|Function Not Found|No data)\]?$/i;
const NUMBER = /^-?\d/;

/** Every one of these must be a number, or say that there is none. */
const NUMBERS = [
  'temperature/gpu_temp',
  ...['total', 'used', 'free'].map((name) => `fb_memory_usage/${name}`),
  'utilization/gpu_util',
  'utilization/memory_util',
  'power_readings/power_draw',
  ...['power_draw', 'instant_power_draw', 'average_power_draw'].map((name) => `gpu_power_readings/${name}`),
  ...['graphics_clock', 'sm_clock', 'mem_clock'].map((name) => `clocks/${name}`),
];

/** Errors since the driver was loaded that no hardware mended: nought, or not counted. */
const COUNTERS = [
  'dram_uncorrectable',
  'sram_uncorrectable',
  'sram_uncorrectable_parity',
  'sram_uncorrectable_secded',
  'double_bit/device_memory',
  ...['l1_cache', 'l2_cache', 'register_file', 'texture_memory', 'texture_shm', 'cbu'].map(
    (name) => `double_bit/${name}`,
  ),
].map((name) => `ecc_errors/volatile/${name}`);

const FLAGS = [
  'remapped_rows/remapped_row_pending',
  'remapped_rows/remapped_row_failure',
  'retired_pages/pending_retirement',
  'retired_pages/pending_blacklist',
  'gpu_reset_status/reset_required',
  'gpu_reset_status/drain_and_reset_recommended',
  'ecc_errors/aggregate/sram_threshold_exceeded',
  'ecc_errors/channel_repair_pending',
  'ecc_errors/tpc_repair_pending',
  'ecc_errors/unrepairable_memory',
];

/** Texts with one good answer. */
const WORDS: readonly (readonly [path: string, good: RegExp])[] = [
  ['gpu_recovery_action', /^None$/i],
  ['fabric/state', /^Completed$/i],
  ['fabric/status', /^Success$/i],
  ['fabric/health/summary', /^Healthy$/i],
  ['fabric/health/bandwidth', /^Full$/i],
  ['fabric/health/route_unhealthy', /^(?:No|Not Active|Disabled|False)$/i],
  ['fabric/health/access_timeout_recovery', /^(?:No|Not Active|Disabled|False)$/i],
  ['fabric/health/incorrect_configuration', /^None$/i],
];

export interface Told {
  readonly stdout: string;
  readonly stderr: string;
  /** Null: it did not end by itself. */
  readonly code: number | null;
  /** GPUs on PCI; null where nobody looked. */
  readonly pciGpus: number | null;
}

/** Why this proves no health; empty when nothing speaks against it. */
export function whyNotHealthy({ stdout, stderr, code, pciGpus }: Told): string[] {
  const about = [
    ...(code === 0 ? [] : [`exit ${code}`]),
    ...(stderr.trim() === '' ? [] : ['said something on standard error']),
  ];
  const dom = parseDom(stdout);
  if ('problem' in dom) return [...about, dom.problem];
  const { root } = dom;
  const gpus = at(root, 'gpu');
  const attached = at(root, 'attached_gpus').map(textIn);
  return [
    ...about,
    ...(root.tagName === 'nvidia_smi_log' ? [] : ['another document']),
    ...(gpus.length === 0 ? ['no GPU'] : []),
    ...attached.filter((text) => text !== String(gpus.length)).map((text) => `attached: ${text}`),
    ...(attached.length === 0 ? ['not said how many are attached'] : []),
    ...(pciGpus === null || pciGpus === gpus.length ? [] : [`${pciGpus} on PCI`]),
    ...[root, ...gpus].flatMap((parent) => at(parent, 'error_string').map(textIn)),
    ...gpus.flatMap((gpu, index) => aboutGpu(gpu).map((reason) => `GPU ${index}: ${reason}`)),
  ];
}

function aboutGpu(gpu: Element): string[] {
  const texts = (path: string): string[] => at(gpu, path).map(textIn);
  const wrong = (path: string, isGood: (text: string) => boolean): string[] =>
    texts(path)
      .filter((text) => !NOTHING.test(text) && !isGood(text))
      .map((text) => `${path}: ${text}`);
  const isDescribed = ['temperature/gpu_temp', 'fb_memory_usage/total'].some((path) =>
    texts(path).some((text) => NUMBER.test(text)),
  );
  const retired = ['multiple_single_bit_retirement', 'double_bit_retirement'].flatMap((name) =>
    texts(`retired_pages/${name}/retired_count`)
      .filter((text) => /^\d+$/.test(text))
      .map(Number),
  );
  return [
    ...(isDescribed ? [] : ['not described']),
    ...NUMBERS.flatMap((path) => wrong(path, (text) => NUMBER.test(text))),
    ...COUNTERS.flatMap((path) => wrong(path, (text) => /^-?0+$/.test(text))),
    ...FLAGS.flatMap((path) => wrong(path, (text) => /^(?:No|Not Active|Disabled|False)$/i.test(text))),
    ...WORDS.flatMap(([path, good]) => wrong(path, (text) => good.test(text))),
    ...(retired.reduce((sum, count) => sum + count, 0) >= 64 ? ['64 pages retired'] : []),
  ];
}

/**
 * All elements at a path, however often each name occurs. A container that holds plain text stands for everything below it.
 */
function at(parent: Element, path: string): Element[] {
  let found = [parent];
  for (const name of path.split('/')) {
    found = found.flatMap((element) => {
      const children = elementsIn(element);
      const isText = element !== parent && children.length === 0 && textIn(element) !== '';
      return isText ? [element] : children.filter(({ tagName }) => tagName === name);
    });
  }
  return found;
}
