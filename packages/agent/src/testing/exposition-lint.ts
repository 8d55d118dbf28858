/** What `promtool check metrics` objects to, without the tool: form, names, units, types and doubles of an exposition. */

const SAMPLE = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)$/;
/** Abbreviated or scaled where Prometheus wants the base unit in full. */
const UNITS = new Set(
  'ms us ns sec s minutes hours kb mb gb mib gib kib percent mhz ghz khz hz watt volt kw mw joule degrees fahrenheit bits'.split(
    ' ',
  ),
);

/** One line for each objection; empty when there is none. */
export function lintExposition(text: string): string[] {
  const problems: string[] = [];
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const seen = new Set<string>();
  let family = '';
  for (const line of text.split('\n').slice(0, -1)) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (helped.has(name)) problems.push(`${name}: HELP twice`);
      if (rest === '') problems.push(`${name}: no help`);
      helped.add(name);
    } else if (keyword === 'TYPE') {
      if (types.has(name)) problems.push(`${name}: TYPE twice`);
      types.set(name, rest);
      family = name;
      problems.push(...lintName(name, rest));
    } else problems.push(...lintSample(line, family, seen));
  }
  if (!text.endsWith('\n')) problems.push('no line feed at the end');
  return [...problems, ...[...types.keys()].filter((name) => !helped.has(name)).map((name) => `${name}: no HELP`)];
}

function lintName(name: string, type: string): string[] {
  const parts = name.toLowerCase().split('_');
  return [
    ...(type === 'counter' && !name.endsWith('_total') ? [`${name}: a counter without _total`] : []),
    ...(type !== 'counter' && name.endsWith('_total') ? [`${name}: _total, and no counter`] : []),
    ...(/_(count|sum|bucket)$/.test(name) ? [`${name}: ends like a histogram`] : []),
    ...(/[a-z][A-Z]/.test(name) ? [`${name}: camel case`] : []),
    ...(parts.includes(type) ? [`${name}: has its type in the name`] : []),
    ...parts.filter((part) => UNITS.has(part)).map((part) => `${name}: unit ${part}`),
  ];
}

function lintSample(line: string, family: string, seen: Set<string>): string[] {
  const found = SAMPLE.exec(line);
  if (found === null) return [`not a sample: ${line}`];
  const [, name = '', labels = '', value = ''] = found;
  const series = name + labels;
  const isTwice = seen.has(series);
  seen.add(series);
  return [
    ...(name === family ? [] : [`${name}: stands under ${family}`]),
    ...(/[{,]\w*[a-z][A-Z]\w*="/.test(labels) ? [`${name}: a label in camel case`] : []),
    ...(isTwice ? [`${series}: twice`] : []),
    ...(Number.isFinite(Number(value)) ? [] : [`${series}: ${value} is no number`]),
  ];
}
