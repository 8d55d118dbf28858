/** Our scanner against a general parser, over every whole document of the corpus and our own fixtures. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { NVIDIA_XML, readXml } from './nvidia-xml.ts';
import type { XmlElement } from './nvidia-xml.ts';

const corpus = process.env['TRIVET_CORPUS'];
const ours = join(import.meta.dirname, '../../../../test/fixtures/nvidia-smi');

type Tree = readonly [
  name: string,
  attributes: Readonly<Record<string, string>>,
  text: string,
  children: readonly Tree[],
];

function ourTree({ name, attributes, text, children }: XmlElement): Tree {
  return [name, Object.fromEntries(attributes), text, children.map(ourTree)];
}

/** The other parser's ordered output: `[{ name: [children], ':@': attributes }]`, text as `{ '#text': … }`. */
type Ordered = { readonly [name: string]: unknown };

function theirTree(node: Ordered): Tree {
  const name = Object.keys(node).find((key) => key !== ':@') ?? '';
  const inside: readonly Ordered[] = Array.isArray(node[name]) ? node[name] : [];
  const attributes = Object.fromEntries(Object.entries(node[':@'] ?? {}).map(([key, value]) => [key, String(value)]));
  if (NVIDIA_XML.opaque.has(name)) return [name, attributes, '', []];
  const text = inside.map((child) => ('#text' in child ? String(child['#text']) : '')).join('');
  return [name, attributes, text.trim(), inside.filter((child) => !('#text' in child)).map(theirTree)];
}

function compare(path: string): void {
  const text = readFileSync(path, 'utf8');
  const xml = readXml(text);
  if (xml.kind !== 'document') throw new Error(`${xml.kind}: ${xml.reason}`);
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    trimValues: false,
    stopNodes: [...NVIDIA_XML.opaque].map((name) => `*.${name}`),
  });
  const nodes: readonly Ordered[] = parser.parse(text);
  const root = nodes.find((node) => NVIDIA_XML.root in node);
  expect(ourTree(xml.root)).toEqual(root === undefined ? undefined : theirTree(root));
}

function xmlIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.xml'));
}

describe('readXml and a general parser read the same', () => {
  it.each(xmlIn(ours))('%s', (name) => compare(join(ours, name)));
});

if (corpus === undefined) {
  console.warn(
    'TRIVET_CORPUS is not set: skipped "readXml and a general parser read the same in captures", every document',
  );
}
describe.skipIf(corpus === undefined)('readXml and a general parser read the same in captures', () => {
  const folder = join(corpus ?? '', 'nvidia-smi');
  it.each(corpus === undefined ? [] : xmlIn(folder))('%s', (name) => compare(join(folder, name)));
});
