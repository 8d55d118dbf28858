/**
 * The page's text: the last pass, what may be drained and what not first, every number linked to the set behind it. No
 * script; the browser reloads it. Pure: what it shows is an argument.
 */
import type { Refusal } from '@trivet/shared/model/plan.ts';
import type { PassDetail } from '../passes/index.ts';
import { html, type Html } from './html.ts';
import { STYLE } from './page-style.ts';

export interface PageContent {
  readonly nonce: string;
  readonly cluster: string;
  readonly now: Date;
  readonly agentsConnected: number;
  readonly nodesReported: number;
  readonly failure: { readonly at: Date; readonly message: string } | null;
  readonly detail: PassDetail | null;
  /** Null: the pass has none. */
  readonly budget: { readonly limit: number; readonly used: number; readonly why: string } | null;
  /** Nodes that use the budget, by set; the planned ones are in the plan. */
  readonly users: Readonly<Record<string, readonly string[]>>;
  readonly legs: Readonly<Record<string, LegState>>;
}

export interface LegState {
  /** When the pass read it; null: it could not be read. */
  readonly ageSeconds: number | null;
  readonly complete: boolean;
  readonly rows: number;
  readonly errors: number;
}

const RELOAD_SECONDS = 15;
/** Rows of a table: a page of a large fleet stays readable; the API has all of them. */
const ROWS_MAX = 200;
/** Names in a line. */
const NAMES_MAX = 10;

export function renderPage(content: PageContent): string {
  const { cluster, nonce, detail, agentsConnected, nodesReported, failure } = content;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="refresh" content="${RELOAD_SECONDS}" />
        <title>Trivet: ${cluster}</title>
        <style nonce="${nonce}">
          ${{ html: STYLE }}
        </style>
      </head>
      <body>
        <header>
          <h1>Trivet: ${cluster}</h1>
          <p class="mode">Observe mode: nothing is acted on.</p>
          <p>${agentsConnected} agents connected, ${nodesReported} nodes have reported. ${content.now.toISOString()}</p>
          ${failure === null ? [] : note(`The newest pass failed at ${failure.at.toISOString()}: ${failure.message}. What follows is the last good one.`)}
        </header>
        <main>
          ${detail === null ? html`<p>There is no pass yet. The first one appears here when it has ended.</p>` : passSections(detail, content)}
        </main>
      </body>
    </html> `;
  return page.html;
}

function note(text: string): Html {
  return html`<p class="note" role="alert">${text}</p>`;
}

function passSections(detail: PassDetail, content: PageContent): Html {
  const { head, plan, refusals, sets } = detail;
  const sinceSeconds = secondsBetween(head.finishedAt ?? head.startedAt, content.now);
  return html`<p class="answer">
      ${head.planned} ${head.planned === 1 ? 'node' : 'nodes'} may be drained now. ${head.suspects} suspects,
      ${head.refused} refused.
    </p>
    ${plan.withheld.map(({ code, text }) => note(`Nothing may be drained: ${text} (${code})`))}
    <p>
      Pass ${head.id}, ${head.outcome}, ended ${sinceSeconds} s ago. <a href="/v1/passes/${head.id}">JSON</a> ·
      <a href="/v1/passes">all passes</a>
    </p>
    ${planSection(detail)} ${refusalSection(refusals, head.id)} ${budgetSection(detail, content)}
    <div class="columns">
      ${section('Health', setTable(detail, VERDICT_SETS))}
      ${section('The three legs', legTable(content.legs, sinceSeconds))}
    </div>
    <details>
      <summary>Summary, as in the pass folder</summary>
      <pre>${detail.summary}</pre>
    </details>
    <details>
      <summary>All ${Object.keys(sets).length} sets</summary>
      ${setTable(detail, Object.keys(sets).sort())}
    </details>`;
}

function secondsBetween(from: string, to: Date): number {
  return Math.max(0, Math.round((to.getTime() - Date.parse(from)) / 1000));
}

function section(title: string, body: Html, remark: Html = html``): Html {
  const id = title.toLowerCase().replaceAll(' ', '-');
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${remark} ${body}
  </section>`;
}

interface Column<Row> {
  readonly title: string;
  /** `wide` is left out on narrow screens: its text is in another column, too. */
  readonly kind?: 'number' | 'number wide' | 'text' | 'wide';
  readonly cell: (row: Row) => string | number | Html;
}

/** Only cells of kind `text` break lines; what does not fit is scrolled to. */
function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const heads = columns.map(({ title, kind }) => html`<th scope="col" class="${kind ?? ''}">${title}</th>`);
  const lines = rows.slice(0, ROWS_MAX).map(
    (row) =>
      html`<tr>
        ${columns.map(({ kind, cell }) => html`<td class="${kind ?? ''}">${cell(row)}</td>`)}
      </tr>`,
  );
  const more = rows.length > ROWS_MAX ? html`<p>The first ${ROWS_MAX} of ${rows.length}.</p>` : html``;
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            ${heads}
          </tr>
        </thead>
        <tbody>
          ${lines}
        </tbody>
      </table>
    </div>
    ${more}`;
}

function planSection({ plan: { steps }, refusals }: PassDetail): Html {
  if (steps.length === 0) {
    const why = refusals.length === 0 ? 'there is no suspect' : 'the refusals say why';
    return section('Plan', html`<p>No step: nothing would be drained; ${why}.</p>`);
  }
  const rows = table(
    [
      { title: 'Order', kind: 'number', cell: ({ order }) => order },
      { title: 'Node', cell: ({ node }) => explained(node) },
      { title: 'Step', kind: 'wide', cell: ({ kind }) => kind },
      { title: 'Action', cell: ({ action }) => action },
      { title: 'Urgency', cell: ({ urgency }) => urgency },
      { title: 'Why', kind: 'text', cell: ({ why }) => why },
    ],
    steps,
  );
  return section('Plan', rows, html`<p>What would be done, in this order.</p>`);
}

function explained(node: string): Html {
  return html`<a href="/v1/nodes/${encodeURIComponent(node)}/explain">${node}</a>`;
}

function refusalSection(refusals: readonly Refusal[], pass: string): Html {
  if (refusals.length === 0) return section('Refusals', html`<p>None.</p>`);
  const rows = table(
    [
      { title: 'Node', cell: ({ node }) => explained(node) },
      { title: 'Code', cell: ({ code }) => code },
      { title: 'Limit', kind: 'number wide', cell: ({ limit }) => limit ?? '-' },
      { title: 'Used', kind: 'number wide', cell: ({ current }) => current ?? '-' },
      { title: 'Needed', kind: 'number wide', cell: ({ needed }) => needed ?? '-' },
      { title: 'Why', kind: 'text', cell: ({ text, users }) => html`${text}${usedBy(users)}` },
    ],
    refusals,
  );
  const remark = html`<p>Why the other suspects are left alone. <a href="/v1/passes/${pass}/refusals">JSON</a></p>`;
  return section('Refusals', rows, remark);
}

function usedBy(users: readonly string[]): Html {
  return users.length === 0 ? html`` : html`<small>used by ${names(users)}</small>`;
}

function names(nodes: readonly string[]): string {
  const more = nodes.length > NAMES_MAX ? ` and ${nodes.length - NAMES_MAX} more` : '';
  return `${nodes.slice(0, NAMES_MAX).join(', ')}${more}`;
}

/** The parts add up to what is used: a node that is out is not doubtful too, and none that is planned is either. */
function budgetSection({ head, plan, sets }: PassDetail, { budget, users }: PageContent): Html {
  const planned = plan.steps.map(({ node }) => node);
  const parts = [...Object.entries(users), ['plan/drain', planned] as const];
  const rows = table(
    [
      { title: 'Used by', cell: ([set]) => setLink(head.id, set) },
      { title: 'Nodes', kind: 'number', cell: ([set, nodes]) => sets[set] ?? nodes.length },
      { title: 'Which', kind: 'text', cell: ([, nodes]) => names(nodes) },
    ],
    parts,
  );
  if (budget === null) return section('Budget', rows);
  const { limit, used, why } = budget;
  const meter = html`<p>
    <strong>${used} of ${limit}</strong> nodes used, the plan included
    <meter
      min="0"
      low="${0.8 * limit}"
      high="${limit}"
      max="${Math.max(limit, used, 1)}"
      optimum="0"
      value="${used}"
    ></meter
    ><br /><small>${why}</small>
  </p>`;
  return section('Budget', rows, meter);
}

const VERDICT_SETS = ['healthy', 'degraded', 'unhealthy', 'unknown', 'stale', 'silent'].map(
  (name) => `telemetry/${name}`,
);

function setTable({ head, sets }: PassDetail, wanted: readonly string[]): Html {
  return table(
    [
      { title: 'Set', cell: (name) => setLink(head.id, name) },
      { title: 'Nodes', kind: 'number', cell: (name) => sets[name] ?? 0 },
    ],
    wanted.filter((name) => sets[name] !== undefined),
  );
}

function setLink(pass: string, name: string): Html {
  return html`<a href="/v1/passes/${pass}/sets/${name}">${name}</a>`;
}

function legTable(legs: PageContent['legs'], sinceSeconds: number): Html {
  return table(
    [
      { title: 'Leg', cell: ([leg]) => leg },
      { title: 'Rows', kind: 'number', cell: ([, { rows }]) => rows },
      { title: 'Age', kind: 'number', cell: ([, { ageSeconds }]) => ageText(ageSeconds, sinceSeconds) },
      {
        title: 'State',
        cell: ([, { complete, errors }]) => (complete ? 'complete' : `not complete, ${errors} errors`),
      },
    ],
    Object.entries(legs),
  );
}

function ageText(ageSeconds: number | null, sinceSeconds: number): string {
  return ageSeconds === null ? 'not read' : `${ageSeconds + sinceSeconds} s`;
}
