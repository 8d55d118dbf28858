import { describe, expect, it } from 'vitest';
import { field, gpuEntries, readJson } from './amd-json.ts';

function documentsOf(text: string) {
  const found = readJson(text);
  return found.kind === 'documents' ? found.documents : found.kind;
}

describe('readJson', () => {
  it('reads a document, and says what stands around it', () => {
    expect(readJson('[{"gpu": 0}]\n')).toEqual({
      kind: 'documents',
      documents: [[{ gpu: 0 }]],
      before: '',
      after: '',
    });
    expect(readJson('WARNING: low power [card0]\n{"card0": {}}\ndone\n')).toEqual({
      kind: 'documents',
      documents: [{ card0: {} }],
      before: 'WARNING: low power [card0]',
      after: 'done',
    });
  });

  it('takes a log line that begins with a bracket for text', () => {
    expect(readJson('[drm] loading\n{"gpu_data": []}')).toMatchObject({
      documents: [{ gpu_data: [] }],
      before: '[drm] loading',
    });
  });

  it('reads one document after another, as xgmi prints them', () => {
    expect(documentsOf('[1]\n[2]')).toEqual([[1], [2]]);
    expect(documentsOf('[1][2]')).toEqual([[1], [2]]);
  });

  it('counts no brackets in texts', () => {
    expect(documentsOf(String.raw`{"a": "]}\"{[", "b": 1}`)).toEqual([{ a: ']}"{[', b: 1 }]);
  });

  it.each(['', 'WARNING: No JSON data to report', 'GPU: 0\n    ECC:\n', '{nothing}', '{"a": NaN}'])(
    'finds none in %j',
    (text) => {
      expect(documentsOf(text)).toBe('not-json');
    },
  );

  it('knows a document that is cut, wherever it is', () => {
    const text = '[{"gpu": 0, "bus": {"bdf": "0000:c1:00.0 ]"}}]';
    for (let length = 1; length < text.length; length++) expect(documentsOf(text.slice(0, length))).toBe('cut');
    expect(documentsOf(`${text}\n[{"gpu": 1`)).toBe('cut');
  });

  it('does not follow a document that is deeper than any', () => {
    expect(documentsOf('['.repeat(100_000) + ']'.repeat(100_000))).toBe('not-json');
  });
});

describe('gpuEntries', () => {
  const gpu = { gpu: 0 };

  it('finds GPUs in the shape of any release', () => {
    expect(gpuEntries([gpu])).toEqual([gpu]);
    expect(gpuEntries({ gpu_data: [gpu] })).toEqual([gpu]);
    expect(gpuEntries({ GPU_DATA: [gpu], cpu_data: [{ cpu: 0 }] })).toEqual([gpu]);
    expect(gpuEntries(gpu)).toEqual([gpu]);
  });

  it('leaves out CPU sockets and what is no object', () => {
    expect(gpuEntries([gpu, { cpu: 0 }, 'N/A', null, [gpu]])).toEqual([gpu]);
    expect(gpuEntries('gpu_data')).toEqual([]);
    expect(gpuEntries({ gpu_data: 'N/A' })).toEqual([]);
  });
});

describe('field', () => {
  it('does not mind case, blanks, dashes and underscores', () => {
    const entry = { 'Card Series': 'x', un_res: 1 };
    expect(field(entry, 'card series')).toBe('x');
    expect(field(entry, 'card_series')).toBe('x');
    expect(field(entry, 'UN-RES')).toBe(1);
    expect(field(entry, 'constructor')).toBeUndefined();
  });
});
