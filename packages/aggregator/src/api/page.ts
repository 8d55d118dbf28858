/**
 * The page's text: the last pass in tables, with every number linked to the set behind it. No script; the browser reloads it.
 * Pure: what it shows is an argument.
 */
import type { Refusal, Step } from '@trivet/shared/model/plan.ts';
import type { PassDetail } from '../passes/index.ts';
import { html, type Html } from './html.ts';

export interface PageContent {
  readonly nonce: string;
  readonly cluster: string;
  readonly now: Date;
  readonly agentsConnected: number;
  readonly nodesReported: number;
  readonly failure: { readonly at: Date; readonly message: string } | null;
  readonly legAgesSeconds: Readonly<Record<string, number>> | null;
  readonly detail: PassDetail | null;
}

const RELOAD_SECONDS = 15;
/** Rows of a table: a page of a large fleet stays readable; the API has all of them. */
const ROWS_MAX = 200;

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --note: #b45309; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding: .2rem 0; opacity: .8; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
pre { overflow-x: auto; padding: .6rem; border: 1px solid var(--line); }
.mode { font-weight: 600; } .note { border-left: 4px solid var(--note); padding: .3rem .8rem; margin: .6rem 0; }
.scroll { overflow-x: auto; }
`;

export function renderPage(content: PageContent): string {
  const { cluster, nonce, detail, agentsConnected, nodesReported } = content;
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
          ${failureNote(content.failure)}
        </header>
        <main>
          ${detail === null ? html`<p>There is no pass yet. The first one appears here when it has ended.</p>` : passSections(detail, content)}
        </main>
      </body>
    </html> `;
  return page.html;
}

function failureNote(failure: PageContent['failure']): Html {
  if (failure === null) return html``;
  return html`<p class="note" role="alert">
    The newest pass failed at ${failure.at.toISOString()}: ${failure.message}. What follows is the last good one.
  </p>`;
}

function passSections(detail: PassDetail, { legAgesSeconds, now }: PageContent): Html {
  const { head, plan, refusals, summary } = detail;
  const ageSeconds = Math.max(0, Math.round((now.getTime() - Date.parse(head.finishedAt ?? head.startedAt)) / 1000));
  return html`<section aria-labelledby="pass">
      <h2 id="pass">Pass ${head.id}</h2>
      <p>
        Ended ${ageSeconds} s ago: ${head.outcome}. ${head.suspects} suspects, ${head.planned} planned, ${head.refused}
        refused. <a href="/v1/passes/${head.id}">JSON</a> · <a href="/v1/passes">all passes</a>
      </p>
      ${plan.withheld.map(({ code, text }) => html`<p class="note" role="alert">Nothing may be drained: ${text} (${code})</p>`)}
    </section>
    ${counts('Verdicts', 'verdicts', detail, VERDICT_SETS)} ${planSection(plan.steps)}
    ${refusalSection(refusals, head.id)} ${counts('Who uses the budget', 'budget', detail, BUDGET_SETS)}
    ${legSection(legAgesSeconds)}
    <section aria-labelledby="summary">
      <h2 id="summary">Summary</h2>
      <pre>${summary}</pre>
    </section>
    ${counts('All sets', 'sets', detail, Object.keys(detail.sets).sort())}`;
}

const VERDICT_SETS = ['healthy', 'degraded', 'unhealthy', 'unknown', 'stale', 'silent'].map(
  (name) => `telemetry/${name}`,
);
/** A node may be in several of these; the budget counts it once. */
const BUDGET_SETS = [
  'cluster/cordoned-by-us',
  'cluster/cordoned-by-others',
  'cluster/down',
  'inventory/in-repair',
  'state/in-flight',
  'derived/out-of-service',
  'derived/doubtful',
];

function counts(title: string, id: string, { head, sets }: PassDetail, names: readonly string[]): Html {
  const rows = names.flatMap((name) => {
    const size = sets[name];
    if (size === undefined) return [];
    return [
      html`<tr>
        <td><a href="/v1/passes/${head.id}/sets/${name}">${name}</a></td>
        <td class="n">${size}</td>
      </tr>`,
    ];
  });
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">Set</th>
          <th scope="col" class="n">Nodes</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}

function planSection(steps: readonly Step[]): Html {
  if (steps.length === 0)
    return html`<section aria-labelledby="plan">
      <h2 id="plan">Plan</h2>
      <p>No step: nothing would be drained.</p>
    </section>`;
  const rows = steps.slice(0, ROWS_MAX).map(
    (step) =>
      html`<tr>
        <td class="n">${step.order}</td>
        <td>${step.node}</td>
        <td>${step.kind}</td>
        <td>${step.action}</td>
        <td>${step.urgency}</td>
        <td>${step.why}</td>
      </tr>`,
  );
  return html`<section aria-labelledby="plan">
    <h2 id="plan">Plan</h2>
    <div class="scroll">
      <table>
        <caption>
          What would be done, in this order. ${shown(steps.length)}
        </caption>
        <thead>
          <tr>
            <th scope="col" class="n">Order</th>
            <th scope="col">Node</th>
            <th scope="col">Step</th>
            <th scope="col">Action</th>
            <th scope="col">Urgency</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

function refusalSection(refusals: readonly Refusal[], pass: string): Html {
  if (refusals.length === 0)
    return html`<section aria-labelledby="refusals">
      <h2 id="refusals">Refusals</h2>
      <p>None.</p>
    </section>`;
  const rows = refusals.slice(0, ROWS_MAX).map(
    (refusal) =>
      html`<tr>
        <td>${refusal.node}</td>
        <td>${refusal.code}</td>
        <td class="n">${refusal.limit ?? '-'}</td>
        <td class="n">${refusal.current ?? '-'}</td>
        <td class="n">${refusal.needed ?? '-'}</td>
        <td>${refusal.text}${usersOf(refusal)}</td>
      </tr>`,
  );
  return html`<section aria-labelledby="refusals">
    <h2 id="refusals">Refusals</h2>
    <div class="scroll">
      <table>
        <caption>
          Why the other suspects are left alone. ${shown(refusals.length)}
          <a href="/v1/passes/${pass}/refusals">JSON</a>
        </caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Code</th>
            <th scope="col" class="n">Limit</th>
            <th scope="col" class="n">Used</th>
            <th scope="col" class="n">Needed</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

function usersOf({ users }: Refusal): string {
  if (users.length === 0) return '';
  const more = users.length > 10 ? ` and ${users.length - 10} more` : '';
  return ` (used by ${users.slice(0, 10).join(', ')}${more})`;
}

function shown(total: number): string {
  return total > ROWS_MAX ? `The first ${ROWS_MAX} of ${total}.` : '';
}

function legSection(ages: PageContent['legAgesSeconds']): Html {
  const rows = Object.entries(ages ?? {}).map(
    ([leg, age]) =>
      html`<tr>
        <td>${leg}</td>
        <td class="n">${age}</td>
      </tr>`,
  );
  const table = html`<table>
    <thead>
      <tr>
        <th scope="col">Leg</th>
        <th scope="col" class="n">Age in seconds</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
  return html`<section aria-labelledby="legs">
    <h2 id="legs">The three legs</h2>
    ${ages === null ? html`<p>Not read since the aggregator started.</p>` : table}
  </section>`;
}
