/**
 * Prometheus text exposition, format 0.0.4, written straight from state: at fleet scale a metrics registry blocks the loop
 * for half a second a scrape. Label values are hostile (model names, reasons): they are escaped. A value that is not known
 * has no sample; `NaN` would look like one. A series that occurs twice would make Prometheus reject the whole scrape, so
 * only its first sample is written and the rest are counted.
 */

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface Sample {
  readonly labels: { readonly [name: string]: string };
  readonly value: number;
}

export interface Family {
  /** With its base unit, counters ending in `_total`; another exporter's names are as they are there. */
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly Sample[];
}

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** Names with two leading underscores are reserved for Prometheus itself. */
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * The text in pieces, a family each, so that whoever sends it never holds the whole. Families without samples are left out. Returns
 * how many samples were left out because their series was written already. Throws `RangeError` on a name that the format
 * forbids, and on one that occurs twice: names are ours, not input.
 */
export function* renderExposition(families: Iterable<Family>): Generator<string, number, void> {
  const names = new Set<string>();
  let duplicates = 0;
  for (const { name, help, type, samples } of families) {
    if (names.has(name)) throw new RangeError(`two families are called ${name}`);
    names.add(name);
    if (!METRIC_NAME.test(name)) throw new RangeError(`not a metric name: ${JSON.stringify(name)}`);
    if (samples.length === 0) continue;
    let text = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    const seen = new Set<string>();
    for (const { labels, value } of samples) {
      const series = name + renderLabels(labels);
      if (seen.has(series)) {
        duplicates += 1;
        continue;
      }
      seen.add(series);
      text += `${series} ${renderNumber(value)}\n`;
    }
    yield text;
  }
  return duplicates;
}

function renderLabels(labels: { readonly [name: string]: string }): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    if (!LABEL_NAME.test(name)) throw new RangeError(`not a label name: ${JSON.stringify(name)}`);
    return `${name}="${escapeLabel(value)}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** A lone surrogate has no UTF-8 form, and Prometheus refuses a scrape that is not UTF-8. */
function escapeLabel(value: string): string {
  return value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function escapeHelp(value: string): string {
  return value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function renderNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
