/** XML text of the fake nvidia-smi, laid out as the real tool does. */

/** One element a line, as the real tool prints. */
export function element(name: string, content: string | number | readonly string[]): string {
  if (typeof content === 'string' || typeof content === 'number')
    return `<${name}>${escape(String(content))}</${name}>`;
  return [`<${name}>`, ...content.map((line) => line.replaceAll(/^/gm, '\t')), `</${name}>`].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export function flag(value: boolean | undefined): string {
  return value === true ? 'Yes' : 'No';
}

export function active(value: boolean | undefined): string {
  return value === true ? 'Active' : 'Not Active';
}
