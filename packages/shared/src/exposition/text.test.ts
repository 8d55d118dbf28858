import { describe, expect, it } from 'vitest';
import { renderExposition } from './text.ts';
import type { Family, Sample } from './text.ts';

function textOf(families: readonly Family[]): string {
  return [...renderExposition(families)].join('');
}
function render(...samples: Sample[]): string[] {
  return textOf([{ name: 'trivet_x', help: 'x', type: 'gauge', samples }])
    .split('\n')
    .slice(2, -1);
}

describe('renderExposition', () => {
  it('writes help, type and samples, ending with a line feed', () => {
    const families = [
      { name: 'trivet_a_total', help: 'counts\nthings \\ "x"', type: 'counter', samples: [{ labels: {}, value: 1 }] },
      { name: 'trivet_b', help: 'b', type: 'gauge', samples: [{ labels: { a: '1', b: '2' }, value: 0.5 }] },
    ] as const;
    expect(textOf(families)).toBe(
      '# HELP trivet_a_total counts\\nthings \\\\ "x"\n# TYPE trivet_a_total counter\ntrivet_a_total 1\n' +
        '# HELP trivet_b b\n# TYPE trivet_b gauge\ntrivet_b{a="1",b="2"} 0.5\n',
    );
  });

  it('leaves out families without samples', () => {
    expect(textOf([{ name: 'trivet_a', help: '', type: 'gauge', samples: [] }])).toBe('');
  });

  it.each([
    ['a"b', 'a\\"b'],
    ['a\\', 'a\\\\'],
    ['a\nb', 'a\\nb'],
    ['\\n', '\\\\n'],
    ['é\u{1F600}', 'é\u{1F600}'],
    ['\ud800', '\ufffd'],
  ])('escapes the label value %j', (value, escaped) => {
    expect(render({ labels: { l: value }, value: 1 })).toEqual([`trivet_x{l="${escaped}"} 1`]);
  });

  it.each([
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [-0, '0'],
    [1e21, '1e+21'],
    [85899345920, '85899345920'],
  ])('writes the number %s', (value, text) => {
    expect(render({ labels: {}, value })).toEqual([`trivet_x ${text}`]);
  });

  it('writes a series once and counts the rest', () => {
    const sample = { labels: { l: 'a' }, value: 1 };
    const pieces = renderExposition([
      { name: 'trivet_x', help: 'x', type: 'gauge', samples: [sample, { ...sample, value: 2 }] },
    ]);
    const { value: text = '' } = pieces.next();
    expect(
      String(text)
        .split('\n')
        .filter((line) => line.startsWith('trivet_x')),
    ).toEqual(['trivet_x{l="a"} 1']);
    expect(pieces.next()).toEqual({ done: true, value: 1 });
  });

  it.each(['1x', 'a-b', '', 'é'])('refuses the metric name %j', (name) => {
    expect(() => textOf([{ name, help: '', type: 'gauge', samples: [] }])).toThrow(RangeError);
  });

  it.each(['__name__', 'a:b', '', '0'])('refuses the label name %j', (name) => {
    expect(() => render({ labels: { [name]: '' }, value: 1 })).toThrow(RangeError);
  });
});
