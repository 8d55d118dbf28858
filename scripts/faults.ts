/** Writes docs/faults.md from the fault catalogue: `node scripts/faults.ts`. A test holds that the page is what this prints. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE } from '../packages/shared/src/health/catalogue/index.ts';
import type { CatalogueEntry } from '../packages/shared/src/health/catalogue/entry.ts';

export const FAULTS_PAGE = join(import.meta.dirname, '..', 'docs', 'faults.md');

const HEAD = `# Faults: what is seen, and what it calls for

Generated from \`packages/shared/src/health/catalogue/\` by \`node scripts/faults.ts\`: change it there.

A **class** says how a fault is treated; it decides the action. Only \`reset\`, \`reboot\` and \`replace\` make a node unhealthy and may drain it.
A **hard** fault stands alone; a **soft** one is refused with \`evidence-soft\` until it repeats or a second signal agrees. \`ignore\`, \`app\` and \`follow\`
leave the verdict alone; everything else degrades the node. A code that is not here is \`unclassified\`: shown, counted, never drains.
Where sources disagree, the reason says why we chose so. The driver's own verdict (Xid 154, \`gpu_recovery_action\`) counts beside the table; the stronger holds.
`;

export function faultsPage(): string {
  const families = Map.groupBy(CATALOGUE, ({ code }) => code.split('.')[0] ?? '');
  const sections = [...families].map(([family, entries]) => `\n## ${family}\n\n${tableOf(entries)}`);
  return HEAD + sections.join('');
}

function tableOf(entries: readonly CatalogueEntry[]): string {
  const alike = Map.groupBy(entries, ({ code: _code, ...rest }) => JSON.stringify(rest));
  const rows = [...alike.values()].map((same) => {
    const [first] = same;
    if (first === undefined) return '';
    const codes = same.map(({ code }) => code.slice(code.indexOf('.') + 1)).join(' ');
    const { title, class: kind, action, urgency, strength, reason, source } = first;
    return `| ${[codes, title, kind, action, urgency, strength, reason, source].map(cell).join(' | ')} |`;
  });
  return [
    '| code | what | class | action | urgency | strength | reason | source |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

if (import.meta.main) writeFileSync(FAULTS_PAGE, faultsPage());
