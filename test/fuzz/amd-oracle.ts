/**
 * When a node may be called healthy on the word of `amd-smi metric --json`: read with JSON.parse alone, apart from the code under
 * test. It only ever forbids.
 */
import { parse } from './mutate-json.ts';
import type { Json } from './mutate-json.ts';

function fieldOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const key = Object.keys(value).find(
    (each) =>
      each
        .trim()
        .toLowerCase()
        .replaceAll(/[\s_-]+/g, '_') === name,
  );
  return key === undefined ? undefined : value[key];
}

function entriesOf(document: Json | undefined): Json[] {
  if (Array.isArray(document)) return document;
  const wrapped = fieldOf(document, 'gpu_data');
  if (Array.isArray(wrapped)) return wrapped;
  return fieldOf(document, 'gpu') === undefined || document === undefined ? [] : [document];
}

/** Plain, or with its unit beside it. */
function plain(value: Json | undefined): Json | undefined {
  const inner = fieldOf(value, 'value');
  return inner === undefined ? value : inner;
}

/** What the library prints for a counter that a board does not have: all ones, as far as a number of JSON holds them. */
const ALL_ONES = 2 ** 64;

/** Errors that no hardware mended: nought, not told, or not counted on this board. */
function isNoError(value: Json | undefined): boolean {
  const told = plain(value);
  return (
    told === undefined ||
    told === null ||
    Number(told) === 0 ||
    Number(told) === ALL_ONES ||
    (typeof told === 'string' && /^\s*(|N\/A|None|Not Supported|Not available|Unsupported|unknown)\s*$/i.test(told))
  );
}

export function whyNotHealthyAmd(stdout: string, code: number | null, pciGpus: number): string[] {
  // A document of something else before it, or a byte order mark, changes nothing in it.
  const document = parse(stdout.replace(/^\uFEFF/, '').replace(/^\s*\{"a":1\}\n/, ''));
  if (document === undefined) return ['no whole document'];
  const gpus = entriesOf(document);
  return [
    ...(code === 0 ? [] : [`exit ${code}`]),
    ...(gpus.length === pciGpus ? [] : [`${pciGpus} on PCI, ${gpus.length} described`]),
    ...gpus.flatMap((gpu, index) => aboutGpu(gpu).map((reason) => `GPU ${index}: ${reason}`)),
  ];
}

function aboutGpu(gpu: Json): string[] {
  const total = fieldOf(fieldOf(gpu, 'ecc'), 'total_uncorrectable_count');
  const blocks = ['ecc_block', 'ecc_blocks'].flatMap((name) => {
    const found = fieldOf(gpu, name);
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found) : [];
  });
  const temperatures = ['edge', 'hotspot', 'mem'].map((name) => plain(fieldOf(fieldOf(gpu, 'temperature'), name)));
  const memory = plain(fieldOf(fieldOf(gpu, 'mem_usage'), 'used_vram'));
  const isDescribed = [...temperatures, memory].some((value) => Number.isFinite(Number.parseFloat(String(value))));
  return [
    ...(isDescribed ? [] : ['not described']),
    ...(isNoError(total) ? [] : [`total_uncorrectable_count ${JSON.stringify(total)}`]),
    ...blocks
      .filter(([, block]) => !isNoError(fieldOf(block, 'uncorrectable_count')))
      .map(([name, block]) => `${name} ${JSON.stringify(block)}`),
  ];
}
