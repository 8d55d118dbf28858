/**
 * What `nvidia-smi nvlink -s` (states) and `-e` (errors) print. Plain text without a schema: matched by the shape of a line, so
 * that a new counter or sentence is passed over or said to be unknown, and never read as a healthy link.
 */
import { NVLINK_COUNTERS } from '@trivet/shared/model/nvlink.ts';
import type { NvlinkCounter, NvlinkGpu, NvlinkLink } from '@trivet/shared/model/nvlink.ts';
import { GPUS_MAX, NVLINKS_MAX } from '@trivet/shared/protocol/limits.ts';

/** `GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-…)`; older versions go on in the same line. */
const GPU = /^GPU \d+: .{0,200}? \(UUID: (GPU-[\w-]{1,64})\)\s*(.*)$/;
/** `	 Link 0: 26.562 GB/s`, `	 Link 3: <inactive>`, `	 Link 0: Replay Errors: 0` */
const LINK = /^\s*Link (\d{1,3}): (.+?)\s*$/;
const LINE_MAX = 1024;
/** Blackwell prints some 40 lines a link with `-e`. */
const LINES_MAX = GPUS_MAX * NVLINKS_MAX * 48;

interface Section {
  readonly uuid: string;
  readonly links: { readonly link: number; readonly text: string }[];
  /** Sentences in place of links. */
  readonly said: string[];
}

function sections(text: string): Section[] {
  const found: Section[] = [];
  for (const line of text.split(/\r?\n/, LINES_MAX)) {
    if (line.length > LINE_MAX || line.trim() === '') continue;
    const [, uuid, rest = ''] = GPU.exec(line) ?? [];
    if (uuid !== undefined && found.length < GPUS_MAX) {
      found.push({ uuid, links: [], said: rest === '' ? [] : [rest] });
      continue;
    }
    const current = found.at(-1);
    const [, link, told] = LINK.exec(line) ?? [];
    if (link !== undefined && told !== undefined) current?.links.push({ link: Number(link), text: told });
    else current?.said.push(line.trim());
  }
  return found;
}

/** Seen with drivers 535 to 610, in several spellings (`Nvlink`, `inActive`). */
const SAYINGS: readonly (readonly [NvlinkGpu['support'], RegExp])[] = [
  ['inactive', /all links are inactive/i],
  ['none', /does not have or support nvlink|information: not supported|^not supported$/i],
  ['mig', /not supported for devices in mig mode/i],
];

/** As the tool lists them; a GPU that it names and says nothing of is `unknown`. */
export function readNvlinkStates(text: string): NvlinkGpu[] {
  return sections(text).map(({ uuid, links, said }) => {
    const words = said.join(' ').slice(0, 200);
    const support = SAYINGS.find(([, saying]) => saying.test(words))?.[0] ?? 'unknown';
    if (links.length === 0) return { uuid, support, text: words === '' ? null : words, links: [], counters: [] };
    return { uuid, support: 'links', text: null, links: distinct(links).map(toLink), counters: [] };
  });
}

/** A link that is printed twice is not believed twice. */
function distinct(links: Section['links']): Section['links'] {
  const byNumber = new Map(links.toReversed().map((link) => [link.link, link]));
  return [...byNumber.values()].toSorted((a, b) => a.link - b.link).slice(0, NVLINKS_MAX);
}

/** Only a speed proves that a link is up. */
function toLink({ link, text }: Section['links'][number]): NvlinkLink {
  const speed = /^(\d{1,6}(?:\.\d{1,6})?) GB\/s$/.exec(text)?.[1];
  if (speed !== undefined && Number(speed) > 0)
    return { link, active: true, bytesPerSecond: Number(speed) * 1e9, errors: {} };
  return {
    link,
    active: /^<?(inactive|down|disabled|off)>?$/i.test(text) ? false : null,
    bytesPerSecond: null,
    errors: {},
  };
}

/** The names of both generations; CRC errors of flits and of data are one counter here. */
const COUNTERS: ReadonlyMap<string, NvlinkCounter> = new Map([
  ['replay errors', 'replay'],
  ['recovery errors', 'recovery'],
  ['crc errors', 'crc'],
  ['crc flit errors', 'crc'],
  ['crc data errors', 'crc'],
  ['malformed packet errors', 'malformedPacket'],
  ['buffer overrun errors', 'bufferOverrun'],
  ['rx errors', 'receive'],
  ['rx remote errors', 'receiveRemote'],
  ['rx general errors', 'receiveGeneral'],
  ['local link integrity errors', 'localIntegrity'],
  ['tx discards', 'transmitDiscard'],
  ['link recovery successful events', 'recoverySuccessful'],
  ['link recovery failed events', 'recoveryFailed'],
  ['total link recovery events', 'recoveryTotal'],
  ['effective errors', 'effective'],
  ['symbol errors', 'symbol'],
]);

type Counts = Map<NvlinkCounter, number>;

/** Counters by UUID and link; what is not a number (`N/A`) is not there. */
function readCounts(text: string): Map<string, Map<number, Counts>> {
  return new Map(
    sections(text).map(({ uuid, links }) => {
      const byLink = new Map<number, Counts>();
      for (const { link, text: told } of links) {
        const [, name = '', value] = /^(.{1,60}?): (\d{1,15})$/.exec(told) ?? [];
        const counter = COUNTERS.get(name.toLowerCase());
        if (counter === undefined || value === undefined) continue;
        const counts = byLink.get(link) ?? new Map<NvlinkCounter, number>();
        byLink.set(link, counts.set(counter, (counts.get(counter) ?? 0) + Number(value)));
      }
      return [uuid, byLink];
    }),
  );
}

/** The same GPUs with the errors of their links. */
export function withNvlinkErrors(gpus: readonly NvlinkGpu[], text: string): NvlinkGpu[] {
  const counts = readCounts(text);
  return gpus.map((gpu) => {
    const ofGpu = gpu.links.map(({ link }) => counts.get(gpu.uuid)?.get(link));
    const isRead = (counter: NvlinkCounter): boolean => ofGpu.every((of) => of?.has(counter) === true);
    return {
      ...gpu,
      links: gpu.links.map((link, index) => ({ ...link, errors: aboveZero(ofGpu[index]) })),
      counters: gpu.links.length === 0 ? [] : NVLINK_COUNTERS.filter(isRead),
    };
  });
}

function aboveZero(counts: Counts | undefined): NvlinkLink['errors'] {
  return Object.fromEntries([...(counts ?? [])].filter(([, value]) => value > 0));
}
