/**
 * `nvidia-smi -q -x` documents by another author's hand: a DOM parser from npm, strict about being well-formed. What the
 * agent's own scanner and its readings are compared with; nothing here imports the code under test.
 */
import { DOMParser } from '@xmldom/xmldom';
import type { Element, Node } from '@xmldom/xmldom';

/** Contents that nobody reads (process names may be no XML at all): taken out before parsing, the elements stay. */
const OPAQUE = /<(processes|accounted_processes|supported_clocks)(\s[^<>]*)?>[^]*?<\/\1\s*>/g;
/** Instructions, comments and DOCTYPE before the root: nothing is declared there that a reading depends on. */
const PROLOG = /^(?:\s*(?:<\?[^]*?\?>|<!--[^]*?-->|<!DOCTYPE(?:[^>["']|"[^"]*"|'[^']*'|\[[^\]]*\])*>))*\s*/;
/** The tool does not escape every name: an ampersand that begins no reference stands for itself. */
const LOOSE_AMPERSAND = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/g;
/** XML 1.0 knows no control characters, and the parser warns of U+FFFD; whether one occurs in a text says nothing of a GPU. */
const NO_XML = /(?![\t\n\r])\p{Cc}|[\ufffd-\uffff]/gu;
const REFERENCE = /&#(?:(\d{1,7})|x([0-9a-fA-F]{1,6}));/g;

export type Dom = { readonly root: Element } | { readonly problem: string };

/** Never throws. A problem: no whole, well-formed document with nothing but white space around it. */
export function parseDom(printed: string): Dom {
  const text = printed
    .replace(/^\uFEFF/, '')
    .trim()
    .replace(PROLOG, '')
    .replaceAll(OPAQUE, '<$1/>')
    .replaceAll(LOOSE_AMPERSAND, '&amp;')
    .toWellFormed()
    .replaceAll(REFERENCE, (whole, dec, hex) => (isXml(Number(dec ?? `0x${hex}`)) ? whole : '\u2400'))
    .replaceAll(NO_XML, '\u2400');
  if (!text.startsWith('<')) return { problem: 'text before the document' };
  if (!text.endsWith('>')) return { problem: 'no end, or text behind it' };
  try {
    const parser = new DOMParser({
      locator: false,
      onError: (level, message) => {
        throw new SyntaxError(`${level}: ${message}`);
      },
    });
    const root = parser.parseFromString(text, 'text/xml').documentElement;
    return root === null ? { problem: 'no root element' } : { root };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function isXml(code: number): boolean {
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return (
    [9, 10, 13].includes(code) ||
    (code >= 0x20 && code < 0xfffd && !isSurrogate) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}

export function elementsIn(parent: Element): Element[] {
  const found: Element[] = [];
  for (let node: Node | null = parent.firstChild; node !== null; node = node.nextSibling) {
    if (isElement(node)) found.push(node);
  }
  return found;
}

function isElement(node: Node): node is Element {
  return node.nodeType === node.ELEMENT_NODE;
}

/** Character data directly inside, trimmed. */
export function textIn(parent: Element): string {
  let text = '';
  for (let node: Node | null = parent.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType === node.TEXT_NODE || node.nodeType === node.CDATA_SECTION_NODE) text += node.nodeValue ?? '';
  }
  return text.trim();
}

export type Tree = readonly [
  name: string,
  attributes: Readonly<Record<string, string>>,
  text: string,
  children: readonly Tree[],
];

export function treeOf(element: Element): Tree {
  const attributes = Object.fromEntries(
    Array.from(element.attributes, ({ name, value }): [string, string] => [name, value]),
  );
  return [element.tagName, attributes, textIn(element), elementsIn(element).map(treeOf)];
}
