/**
 * Leaves the tables of clocks out of `nvidia-smi -q -x` before its bytes become text. They are two thirds and more of the
 * document (260 of 357 kB on eight B200) and nobody reads them; as text they were most of what polls left in the heap for weeks.
 * The scanner skips them unread all the same: what is not surely a table and nothing else stays where it is.
 */

const START = '<supported_clocks>';
const END = '</supported_clocks>';
/** What no table of clocks holds: the end of its GPU, and the processes, whose names may spell anything. */
const FOREIGN = ['</gpu>', 'processes>'];

/** Of a document; the tags stay. Takes time in proportion to its length. */
export function withoutClocks(document: Buffer): Buffer {
  const [startFrom, endFrom] = [finder(document, START), finder(document, END)];
  const foreign = FOREIGN.map((tag) => finder(document, tag));
  const kept: Buffer[] = [];
  let from = 0;
  for (let start = startFrom(0); start < document.length; start = startFrom(start + 1)) {
    const first = start + START.length;
    const end = endFrom(first);
    if (end >= document.length) break;
    if (foreign.some((tagFrom) => tagFrom(first) < end)) continue;
    kept.push(document.subarray(from, first));
    from = end;
  }
  return from === 0 ? document : Buffer.concat([...kept, document.subarray(from)]);
}

/** Where the tag stands next; the document's length when nowhere. To be asked for rising places: each byte is looked at once. */
function finder(document: Buffer, tag: string): (from: number) => number {
  const bytes = Buffer.from(tag);
  let next = -1;
  return (from) => {
    if (next >= from) return next;
    const found = document.indexOf(bytes, from);
    next = found < 0 ? document.length : found;
    return next;
  };
}
