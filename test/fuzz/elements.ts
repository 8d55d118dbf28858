/** Where elements stand in a text, found by their tags alone, so that a mutation can take one, move one or change one. */

export interface Span {
  readonly name: string;
  /** Names from below the root, `gpu/ecc_errors/volatile`. */
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Its content. */
  readonly from: number;
  readonly to: number;
  readonly isLeaf: boolean;
}

const TAG = /<(\/?)([A-Za-z_][\w.-]*)[^<>]*?(\/?)>/g;
/** More than any document has; a mutated one may have as many as it likes. */
const SPANS_MAX = 20_000;
/** Below that nothing is changed: a document that was nested on purpose would take its time. */
const DEPTH_MAX = 40;

/** In the order in which they end; those that are not closed are left out. */
export function spansIn(text: string): Span[] {
  const open: { name: string; start: number; from: number; children: number }[] = [];
  const spans: Span[] = [];
  for (const found of text.matchAll(TAG)) {
    const [tag, slash, name = '', isEmpty] = found;
    if (slash === '') {
      const parent = open.at(-1);
      if (parent !== undefined) parent.children += 1;
      open.push({ name, start: found.index, from: found.index + tag.length, children: 0 });
      if (isEmpty !== '/') continue;
    }
    if (open.at(-1)?.name !== name) continue;
    const closed = open.pop();
    if (closed === undefined || open.length > DEPTH_MAX) continue;
    const path = open.length === 0 ? '' : [...open.slice(1).map((element) => element.name), name].join('/');
    const end = found.index + tag.length;
    const to = slash === '/' ? found.index : end;
    spans.push({ name, path, start: closed.start, end, from: closed.from, to, isLeaf: closed.children === 0 });
    if (spans.length >= SPANS_MAX) break;
  }
  return spans;
}

export function replace(
  text: string,
  { from, to }: { readonly from: number; readonly to: number },
  by: string,
): string {
  return text.slice(0, from) + by + text.slice(to);
}

export function whole({ start, end }: Span): { readonly from: number; readonly to: number } {
  return { from: start, to: end };
}
