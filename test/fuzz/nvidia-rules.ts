/**
 * Changes to a document whose effect on the verdict is known beforehand: a fault put into it is never healthy, half of it
 * is never healthy, another order of GPUs or another way to write the same says the same.
 */
import type { Random } from '@trivet/simulator/random.ts';
import { replace, spansIn, whole } from './elements.ts';
import type { Span } from './elements.ts';

export interface Ruled {
  readonly text: string;
  /** `same`: findings and verdict as of the document before. `not-healthy`; `same-or-unknown`: no finding is new, and it is not healthier. `judged`: as the oracle says. */
  readonly expect: 'same' | 'not-healthy' | 'same-or-unknown' | 'judged';
}
/** Null: this document has no place for it. */
export type Rule = (text: string, random: Random) => Ruled | null;

/** Where a fault shows, and what it reads. */
const FAULTS: readonly (readonly [path: string, value: string])[] = [
  ['gpu/remapped_rows/remapped_row_pending', 'Yes'],
  ['gpu/remapped_rows/remapped_row_failure', 'Yes'],
  ['gpu/retired_pages/pending_retirement', 'Yes'],
  ['gpu/retired_pages/pending_blacklist', 'Yes'],
  ['gpu/gpu_reset_status/reset_required', 'Yes'],
  ['gpu/gpu_reset_status/drain_and_reset_recommended', 'Yes'],
  ['gpu/ecc_errors/aggregate/sram_threshold_exceeded', 'Yes'],
  ['gpu/ecc_errors/channel_repair_pending', 'Yes'],
  ['gpu/ecc_errors/tpc_repair_pending', 'Yes'],
  ['gpu/ecc_errors/unrepairable_memory', 'Yes'],
  ['gpu/ecc_errors/volatile/dram_uncorrectable', '1'],
  ['gpu/ecc_errors/volatile/sram_uncorrectable', '1'],
  ['gpu/ecc_errors/volatile/sram_uncorrectable_parity', '2'],
  ['gpu/ecc_errors/volatile/sram_uncorrectable_secded', '99999999999999999999'],
  ['gpu/ecc_errors/volatile/dram_uncorrectable', '99999999999999999999'],
  ['gpu/ecc_errors/volatile/double_bit/device_memory', '7'],
  ['gpu/gpu_recovery_action', 'Reset'],
  ['gpu/gpu_recovery_action', 'Something New'],
  ['gpu/gpu_recovery_action', 'Unknown Error'],
  ['gpu/fabric/state', 'In Progress'],
  ['gpu/fabric/state', 'Timeout'],
  ['gpu/temperature/gpu_temp', 'GPU is lost'],
  ['gpu/temperature/gpu_temp', 'ERR!'],
  ['gpu/fb_memory_usage/total', 'Unknown Error'],
  ['gpu/fb_memory_usage', 'GPU is lost'],
  ['gpu/remapped_rows', 'GPU is lost'],
  ['gpu/clocks/sm_clock', 'GPU requires reset'],
  ['attached_gpus', '17'],
];

function at(text: string, path: string): Span[] {
  return spansIn(text).filter((span) => span.path === path);
}

function gpuSpans(text: string): Span[] {
  return at(text, 'gpu');
}

export const RULES = {
  fault: (text, random) => {
    const [path, value] = random.pick(FAULTS);
    const places = at(text, path);
    // An element that stands twice is not believed twice, whichever comes first.
    return places.length === 0 ? null : { text: replace(text, random.pick(places), value), expect: 'not-healthy' };
  },
  'fault beside a good answer': (text, random) => {
    const [path, value] = random.pick(FAULTS);
    const places = at(text, path).filter(({ isLeaf }) => isLeaf);
    if (places.length === 0) return null;
    const place = random.pick(places);
    const to = random.pick([place.start, place.end]);
    return { text: replace(text, { from: to, to }, `<${place.name}>${value}</${place.name}>`), expect: 'not-healthy' };
  },
  cut: (text, random) => {
    const end = random.int(text.trimEnd().length);
    return { text: text.slice(0, end), expect: 'not-healthy' };
  },
  'GPU left out': (text, random) => {
    const gpus = gpuSpans(text);
    return gpus.length === 0 ? null : { text: replace(text, whole(random.pick(gpus)), ''), expect: 'not-healthy' };
  },
  /** As the tool does where it may not open one: also counted out. */
  'GPU left out in silence': (text, random) => {
    const gpus = gpuSpans(text);
    if (gpus.length === 0) return null;
    const left = replace(text, whole(random.pick(gpus)), '');
    return { text: left.replace(/(<attached_gpus>)\d+/, `$1${gpus.length - 1}`), expect: 'judged' };
  },
  'GPU described twice': (text, random) => {
    const [first, second] = random.shuffle(gpuSpans(text));
    if (first === undefined || second === undefined) return null;
    return { text: replace(text, whole(first), text.slice(second.start, second.end)), expect: 'not-healthy' };
  },
  'errors in another layout': (text, random) => {
    const places = at(text, 'gpu/ecc_errors/volatile').filter(({ isLeaf }) => !isLeaf);
    if (places.length === 0) return null;
    const { to } = random.pick(places);
    const errors = random.pick([
      '<double_bit><device_memory>7</device_memory></double_bit>',
      '<double_bit><cbu>1</cbu></double_bit>',
      '<sram_uncorrectable>2</sram_uncorrectable>',
      '<dram_uncorrectable>3</dram_uncorrectable>',
    ]);
    return { text: replace(text, { from: to, to }, errors), expect: 'not-healthy' };
  },
  'error in the place of a GPU': (text, random) => {
    const gpus = gpuSpans(text);
    if (gpus.length === 0) return null;
    const instead = random.pick(['GPU is lost', 'Unknown Error', 'Insufficient Permissions']);
    return {
      text: replace(text, whole(random.pick(gpus)), `<error_string>${instead}</error_string>`),
      expect: 'not-healthy',
    };
  },
  'text behind it': (text, random) => {
    const behind = random.pick(['Failed to shut down', 'GPU is lost', '<', '</nvidia_smi_log>', '\0', text]);
    return { text: `${text}\n${behind}\n`, expect: 'not-healthy' };
  },
  'text before it': (text, random) => {
    const before = random.pick(['WARNING: infoROM is corrupted at gpu 0000:1B:00.0', 'x', '\0', '{}']);
    return { text: `${before}\n${text}`, expect: 'not-healthy' };
  },
  'GPUs in another order': (text, random) => {
    const gpus = gpuSpans(text);
    const order = random.shuffle(gpus.map(({ start, end }) => text.slice(start, end)));
    const changed = gpus.toReversed().reduce((left, gpu, index) => replace(left, whole(gpu), order[index] ?? ''), text);
    return { text: changed, expect: 'same' };
  },
  'other white space': (text, random) => ({
    text: random.pick([
      text.replaceAll('\n', '\r\n'),
      text.replaceAll(/>\s+</g, '>\n<'),
      text.replaceAll(/>\s+</g, '>\n\n\t<'),
      `\uFEFF${text.replace(/^\uFEFF/, '')}`,
      `${text}\n\n`,
    ]),
    expect: 'same',
  }),
  'an element that nobody knows': (text, random) => {
    const spans = spansIn(text).filter(({ path }) => path.startsWith('gpu/') && path.split('/').length === 2);
    if (spans.length === 0) return null;
    const { end } = random.pick(spans);
    return {
      text: replace(text, { from: end, to: end }, '<new_in_this_driver>Yes</new_in_this_driver>'),
      expect: 'same',
    };
  },
  'name of a process': (text, random) => {
    const places = spansIn(text).filter(({ path }) => path === 'gpu/processes');
    // Where a GPU is missing already, a forged one cannot be told from it.
    const isWhole = text.includes(`<attached_gpus>${gpuSpans(text).length}</attached_gpus>`);
    if (places.length === 0 || !isWhole) return null;
    const name = random.pick(NAMES);
    const info = `<process_info><process_name>${name}</process_name><used_memory>1 MiB</used_memory></process_info>`;
    return { text: replace(text, random.pick(places), info), expect: 'same-or-unknown' };
  },
} satisfies Readonly<Record<string, Rule>>;

const FORGED =
  '<gpu_recovery_action>Reset</gpu_recovery_action><gpu_reset_status><reset_required>Yes</reset_required></gpu_reset_status><ecc_errors><unrepairable_memory>Yes</unrepairable_memory></ecc_errors><error_string>GPU is lost</error_string>';

/** What somebody may call a process to be believed as the tool. Names are not reliably escaped. */
const NAMES = [
  '</gpu></nvidia_smi_log>',
  `</processes>${FORGED}`,
  `</processes>${FORGED}<processes><process_info><process_name>`,
  `</processes>${FORGED}<accounted_processes>`,
  `</processes>${FORGED}<!--`,
  `</processes>${FORGED}<![CDATA[`,
  `</processes></gpu><gpu id="00000000:99:00.0"><temperature><gpu_temp>1 C</gpu_temp></temperature><processes><process_info><process_name>`,
  `</processes></gpu>${FORGED}<gpu id="00000000:99:00.0"><processes><process_info><process_name>`,
  '-->',
  ']]>',
  '\0\u0001\ufffd',
];
