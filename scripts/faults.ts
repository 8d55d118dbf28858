/** Writes docs/faults.md from the fault catalogue: `node scripts/faults.ts`. A test holds that the page is what this prints. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE } from '../packages/shared/src/health/catalogue/index.ts';
import type { CatalogueEntry } from '../packages/shared/src/health/catalogue/entry.ts';

export const FAULTS_PAGE = join(import.meta.dirname, '..', 'docs', 'faults.md');

const HEAD = `# Faults: what is seen, and what it calls for

Generated from \`packages/shared/src/health/catalogue/\` by \`node scripts/faults.ts\`: change it there.

A **class** says how a fault is treated; it decides the action. Only \`reset\`, \`reboot\` and \`replace\` make a node unhealthy and may drain it.
A **hard** fault stands alone; a **soft** one drains nobody: it is refused with \`evidence-soft\`. \`ignore\`, \`app\` and \`follow\`
leave the verdict alone; everything else degrades the node. A code that is not here is \`unclassified\`: shown, counted, never drains.
\`site.<class>.<check>\` is the fault of a [site check](site-checks.md): of the class that it names, and always soft.
Where sources disagree, the reason says why we chose so. The driver's own verdict (Xid 154, \`gpu_recovery_action\`) counts beside the table; the stronger holds.

A code is \`family.number\`, or \`family.word\`; a third part says what the line or its neighbours tell beyond the number: \`xid.149.peer\` is an Xid 149 whose
registers name the other end of the link, \`xid.48.sram\` a 48 that a 172 qualifies, \`xid.13.repeat\` a 13 that came twice in a day in the same part of the same GPU.
NVLink 5 registers (144 to 150) are laid out by driver version, since 575 anew; a line that cannot be told keeps the bare number, which is \`decode\`.

A fault prints a **chain** of lines. Symptoms (43, 45, lines of peers and switches, PCIe errors around a lost GPU) are attached to their root as \`follow\`, whichever came
first, and close with it. Nothing is made a symptom that weighs more than its root.

A finding **closes by proof, never by age**. What a sample shows closes when a good reading shows that it is over. What the kernel log said closes when
the driver, having asked for a reset or reboot, asks for nothing any more; when amdgpu says that it goes on after a reset (after a mere recovery: the hang alone); when the GPU's volatile ECC counters
begin anew and all its readings are good; when the node has booted again (all but \`replace\`); or when another board sits in the slot. \`app\`, \`ignore\`, \`follow\`,
\`decode\` and \`watch\` close as well when the GPU has worked for an hour in all (utilisation above zero) and the line did not come again. Idle time proves nothing.
An agent without a saved place reads the kernel ring from its begin: what happened in this boot before it was installed is a finding, too.
\`trivet check\` keeps no state and does so every time. A log file that holds several boots counts as one: give it the rows of this boot.
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
