/** Damage that knows elements: taken out, doubled, moved, taken from another document, filled with something else. */
import type { Random } from '@trivet/simulator/random.ts';
import { replace, spansIn, whole } from './elements.ts';
import type { Span } from './elements.ts';
import { HOSTILE_VALUES } from './mutate-text.ts';

export type XmlMutation = (text: string, random: Random, other: string) => string;

/** One of its elements, a leaf if `leaf`; null when there is none. */
function pick(text: string, random: Random, accept: (span: Span) => boolean = () => true): Span | null {
  const spans = spansIn(text).filter(accept);
  return spans.length === 0 ? null : random.pick(spans);
}

function onElement(text: string, random: Random, change: (span: Span) => string): string {
  const span = pick(text, random, ({ path }) => path !== '');
  return span === null ? text : change(span);
}

function onLeaf(text: string, random: Random, change: (span: Span) => string): string {
  const span = pick(text, random, ({ isLeaf, path }) => isLeaf && path !== '');
  return span === null ? text : change(span);
}

/** Two elements, neither inside the other, change places. */
function swap(text: string, random: Random): string {
  const spans = spansIn(text).filter(({ path }) => path !== '');
  if (spans.length < 2) return text;
  const [a, b] = [random.pick(spans), random.pick(spans)].toSorted((x, y) => x.start - y.start);
  if (a === undefined || b === undefined || b.start < a.end) return text;
  const [first, second] = [text.slice(a.start, a.end), text.slice(b.start, b.end)];
  return replace(replace(text, whole(b), first), whole(a), second);
}

/** An element of the same name from another document, or any other. */
function fromOther(text: string, random: Random, other: string): string {
  const theirs = pick(other, random, ({ path }) => path !== '');
  if (theirs === null) return text;
  const element = other.slice(theirs.start, theirs.end);
  const ours = pick(text, random, ({ path }) => path === theirs.path);
  if (ours !== null) return replace(text, whole(ours), element);
  return onElement(text, random, ({ end }) => replace(text, { from: end, to: end }, element));
}

function entities(text: string): string {
  return text.replaceAll(/[^<>&]/g, (character) => `&#${character.codePointAt(0) ?? 63};`);
}

function nested(random: Random): string {
  const depth = random.pick([3, 31, 33, 200, 20_000]);
  return `${'<deep>'.repeat(depth)}x${'</deep>'.repeat(depth)}`;
}

export const XML_MUTATIONS = {
  'delete-element': (text, random) => onElement(text, random, (span) => replace(text, whole(span), '')),
  'double-element': (text, random) =>
    onElement(text, random, (span) =>
      replace(text, { from: span.end, to: span.end }, text.slice(span.start, span.end)),
    ),
  'double-element-with-another-value': (text, random) =>
    onLeaf(text, random, (span) => {
      const twin = `<${span.name}>${random.pick(HOSTILE_VALUES)}</${span.name}>`;
      const at = random.pick([span.start, span.end]);
      return replace(text, { from: at, to: at }, twin);
    }),
  'swap-elements': swap,
  'element-of-another-document': fromOther,
  'empty-element': (text, random) => onElement(text, random, (span) => replace(text, span, '')),
  'hostile-value': (text, random) => onLeaf(text, random, (span) => replace(text, span, random.pick(HOSTILE_VALUES))),
  'hostile-container': (text, random) =>
    onElement(text, random, (span) => replace(text, span, random.pick(HOSTILE_VALUES))),
  'spelled-in-entities': (text, random) =>
    onLeaf(text, random, (span) => replace(text, span, entities(text.slice(span.from, span.to)))),
  comment: (text, random) =>
    onElement(text, random, (span) => replace(text, whole(span), `<!--${text.slice(span.start, span.end)}-->`)),
  cdata: (text, random) =>
    onLeaf(text, random, (span) => replace(text, span, `<![CDATA[${text.slice(span.from, span.to)}]]>`)),
  rename: (text, random) => onLeaf(text, random, (span) => replace(text, whole(span), '<renamed>1</renamed>')),
  nest: (text, random) =>
    onElement(text, random, (span) => replace(text, { from: span.end, to: span.end }, nested(random))),
  attributes: (text, random) =>
    onElement(text, random, (span) =>
      replace(
        text,
        { from: span.from - 1, to: span.from - 1 },
        random.pick([' id="x"', " a='&lt;'", ' a=b', ' a="<"', ' id="0000:01:00.0"']),
      ),
    ),
  'internal-subset': (text) =>
    text.replace(/<!DOCTYPE[^>]*>/, '<!DOCTYPE nvidia_smi_log [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]>'),
  'unclosed-doctype': (text, random) => {
    const inside = random.pick(['[]', '""', "''", '[a]""', '["]"]', ' ']).repeat(60);
    return text.replace(/<!DOCTYPE[^>]*>/, `<!DOCTYPE x ${inside}${random.pick(['"', "'", '[', ''])}`);
  },
} satisfies Readonly<Record<string, XmlMutation>>;
