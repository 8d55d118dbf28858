/**
 * The agent's XML scanner against a DOM parser: the same elements in the same order, with the same attributes and the same
 * text, in every capture; and the same answer to what is a document at all.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readXml } from '@trivet/agent/collectors/nvidia-xml.ts';
import type { XmlElement } from '@trivet/agent/collectors/nvidia-xml.ts';
import { describe, expect, it } from 'vitest';
import { parseDom, treeOf } from '../fuzz/dom.ts';
import type { Tree } from '../fuzz/dom.ts';

const corpus = process.env['TRIVET_CORPUS'];
const ours = join(import.meta.dirname, '../fixtures/nvidia-smi');

function ourTree({ name, attributes, text, children }: XmlElement): Tree {
  return [name, Object.fromEntries(attributes), text, children.map(ourTree)];
}

function compare(path: string): void {
  const text = readFileSync(path, 'utf8');
  const xml = readXml(text);
  const dom = parseDom(text);
  const isDocument = xml.kind === 'document' && xml.before === '' && xml.after === '';
  expect({ path, isDocument: 'root' in dom && dom.root.tagName === 'nvidia_smi_log' }).toEqual({ path, isDocument });
  if (isDocument && 'root' in dom) expect(ourTree(xml.root)).toEqual(treeOf(dom.root));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

describe('the XML scanner and a DOM parser read the same', () => {
  it.each(filesIn(ours))('%s', (file) => compare(join(ours, file)));
});

if (corpus === undefined) {
  console.warn('TRIVET_CORPUS is not set: skipped "the XML scanner and a DOM parser read the same in captures"');
}
describe.skipIf(corpus === undefined)('the XML scanner and a DOM parser read the same in captures', () => {
  const files = corpus === undefined ? [] : filesIn(corpus);

  it('has documents to compare', () => {
    const documents = files.filter(
      (file) => readXml(readFileSync(join(corpus ?? '', file), 'utf8')).kind === 'document',
    );
    expect(documents.length).toBeGreaterThan(50);
  });

  it.each(files)('%s', (file) => compare(join(corpus ?? '', file)));
});
