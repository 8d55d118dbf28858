/** nodes.tsv and refusals.tsv: one line a row, a header, `-` for empty. Columns are only ever appended. */
import type { Refusal } from '@trivet/shared/model/plan.ts';
import { isForeground } from '../core/derive.ts';
import type { NodeFacts } from '../core/facts.ts';

type Cell = string | number | null | undefined;

const NODE_COLUMNS: readonly (readonly [column: string, value: (facts: NodeFacts) => Cell])[] = [
  ['node', ({ node }) => node],
  ['pool', ({ place }) => place?.pool],
  ['lifecycle', ({ inventory }) => inventory?.lifecycle],
  ['protected', ({ protectedBy }) => protectedBy],
  ['hands_off', ({ inventory, handsOff }) => (handsOff ? inventory?.handsOff?.by : null)],
  ['ticket', ({ inventory }) => inventory?.ticket?.id],
  ['ticket_by', ({ inventory }) => inventory?.ticket?.by],
  ['serial', ({ telemetry, inventory }) => telemetry?.hardware.serial ?? inventory?.serial],
  ['identity', ({ identity }) => identity],
  ['telemetry_age_s', ({ telemetryAgeSeconds: age }) => (Number.isFinite(age) ? age : null)],
  ['freshness', ({ freshness }) => freshness],
  ['verdict', ({ verdict }) => verdict],
  ['healthy_since', ({ healthySince }) => healthySince],
  ['action', ({ strongest }) => strongest?.action],
  ['urgency', ({ strongest }) => strongest?.urgency],
  ['finding', ({ strongest }) => strongest?.code],
  ['cluster_state', ({ clusterState }) => clusterState],
  ['cordon_by', ({ cluster }) => cluster?.cordon?.who ?? cluster?.cordon?.by],
  ['work', ({ cluster }) => cluster?.work.filter(isForeground).length],
  ['gpus_used', ({ cluster }) => cluster?.work.reduce((sum, { gpus }) => sum + gpus, 0)],
  ['rack', ({ place }) => place?.domains.rack],
  ['switch', ({ place }) => place?.domains.switch],
  ['power', ({ place }) => place?.domains.power],
  ['nvlink', ({ place }) => place?.domains.nvlink],
  ['group', ({ inventory }) => inventory?.group],
  ['hold', ({ hold }) => hold?.kind],
  ['in_flight', ({ inFlight }) => inFlight],
  ['expected', ({ expected }) => (expected ? 'yes' : null)],
  ['drain_requested', ({ inventory }) => (inventory?.drainRequested === true ? 'yes' : null)],
  ['hard_findings', ({ hardFindings }) => hardFindings.map(({ code }) => code).join(',')],
  ['settled', ({ settled }) => (settled ? 'yes' : null)],
  ['lemon', ({ lemon }) => (lemon ? 'yes' : null)],
];

const REFUSAL_COLUMNS: readonly (readonly [column: string, value: (refusal: Refusal) => Cell])[] = [
  ['node', ({ node }) => node],
  ['code', ({ code }) => code],
  ['limit', ({ limit }) => limit],
  ['current', ({ current }) => current],
  ['needed', ({ needed }) => needed],
  ['users', ({ users }) => users.join(',')],
  ['text', ({ text }) => text],
];

export function printNodes(facts: readonly NodeFacts[]): string {
  return printTable(NODE_COLUMNS, facts);
}

export function printRefusals(refusals: readonly Refusal[]): string {
  return printTable(REFUSAL_COLUMNS, refusals);
}

function printTable<Row>(columns: readonly (readonly [string, (row: Row) => Cell])[], rows: readonly Row[]): string {
  const header = columns.map(([column]) => column).join('\t');
  const lines = rows.map((row) => columns.map(([, value]) => escapeCell(value(row))).join('\t'));
  return [header, ...lines, ''].join('\n');
}

/** Every line is an object by column; `-` is an absent key. */
export function parseTable(text: string): { readonly [column: string]: string }[] {
  const [header = '', ...lines] = text.split('\n');
  const columns = header.split('\t');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split('\t').map((cell, index) => [columns[index] ?? '', cell] as const);
      return Object.fromEntries(
        cells.filter(([, cell]) => cell !== '-').map(([name, cell]) => [name, unescapeCell(cell)]),
      );
    });
}

/** Control characters (C0, DEL, C1) would break the table or a terminal; the backslash is what escapes them. */
const UNSAFE = /[\p{Cc}\\]/gu;

function escapeCell(value: Cell): string {
  if (value === null || value === undefined || value === '') return '-';
  const text = String(value);
  if (text === '-') return String.raw`\x2d`;
  return text.replaceAll(UNSAFE, (char) => String.raw`\x` + char.charCodeAt(0).toString(16).padStart(2, '0'));
}

function unescapeCell(cell: string): string {
  return cell.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
