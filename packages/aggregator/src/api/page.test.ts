import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PassDetail } from '../passes/index.ts';
import { html } from './html.ts';
import { renderPage, type PageContent } from './page.ts';

function content(text: string, many = 1): PageContent {
  const step = {
    node: text,
    kind: 'drain',
    action: 'drain-and-reboot',
    urgency: 'now',
    findings: [],
    why: text,
  } as const;
  const expected = { uid: null, bootId: null, serial: null, gpuUuids: [] };
  const refusal = { node: text, code: 'budget', limit: 2, current: 2, needed: 1, text } as const;
  const users = Array.from({ length: 12 }, (_, index) => `${text}${index}`);
  const detail: PassDetail = {
    head: {
      id: text,
      cluster: text,
      mode: 'observe',
      startedAt: '2026-11-20T17:00:00.000Z',
      finishedAt: null,
      outcome: text,
      planned: 1,
      suspects: 2,
      refused: 1,
    },
    pass: {},
    plan: {
      cluster: text,
      pass: text,
      mode: 'observe',
      seed: text,
      createdAt: text,
      steps: Array.from({ length: many }, (_, index) => ({ ...step, order: index + 1, expected })),
      withheld: [{ code: 'leg-stale', text }],
    },
    refusals: [{ ...refusal, users }],
    summary: text,
    sets: { [text]: 1, 'telemetry/healthy': 62 },
  };
  return {
    nonce: 'n',
    cluster: text,
    now: new Date('2026-11-20T17:00:30.000Z'),
    agentsConnected: 3,
    nodesReported: 4,
    failure: { at: new Date(0), message: text },
    budget: { limit: 4, used: 3, why: text },
    users: { 'derived/doubtful': [text] },
    legs: { [text]: { ageSeconds: 5, complete: true, rows: 64, errors: 0 } },
    detail,
  };
}

describe('page', () => {
  it('shows verdicts, plan, refusals with numbers and users, legs, and that nothing is acted on', () => {
    const page = renderPage(content('gpu-1'));
    for (const part of [
      'Observe mode: nothing is acted on',
      'telemetry/healthy',
      '>62<',
      'drain-and-reboot',
      'leg-stale',
      '<strong>3 of 4</strong> nodes used',
      '>35 s<',
    ]) {
      expect(page).toContain(part);
    }
    expect(page).toContain('used by gpu-10, gpu-11');
    expect(page).toContain('and 2 more');
    expect(page).toContain('The newest pass failed');
  });

  it('tells a leg that could not be read from one that is old', () => {
    const legs = { inventory: { ageSeconds: null, complete: false, rows: 0, errors: 2 } };
    const page = renderPage({ ...content('gpu-1'), legs });
    expect(page).toContain('not read');
    expect(page).toContain('not complete, 2 errors');
  });

  it('shows the first rows of a long table and says how many there are', () => {
    const page = renderPage(content('gpu-1', 450));
    expect(page).toContain('The first 200 of 450');
    expect(page.match(/drain-and-reboot/g)).toHaveLength(200);
  });

  it('escapes every value, wherever it comes from', () => {
    const markup = fc.constantFrom('<b>', '"onload="x', "'", '&lt;', '</pre><script>', '<!--', '{{', '${', '\u0000');
    fc.assert(
      fc.property(fc.array(fc.oneof(markup, fc.string()), { minLength: 1, maxLength: 4 }), (parts) => {
        const text = `<i>${parts.join('')}"`;
        const page = renderPage(content(text));
        const tags = (source: string) => source.match(/<[^>]*>/g)?.length;
        expect(page).not.toContain('<i>');
        expect(page).not.toContain('<script');
        expect(tags(page)).toBe(tags(renderPage(content('plain'))));
      }),
    );
  });

  it('html joins parts, escapes text and keeps html', () => {
    expect(html`<p title="${'"&\''}">${[html`<b>${1}</b>`, html`${'<'}`]}</p>`.html).toBe(
      '<p title="&quot;&amp;&#39;"><b>1</b>&lt;</p>',
    );
  });
});
