/**
 * A thousand agents over a thousand real sockets into the real aggregator, fifty hard faults: the plan of every pass is
 * judged by the oracle from the observations that the aggregator itself wrote down.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Observations } from '@trivet/shared/model/observation.ts';
import { passTime } from '@trivet/simulator/clock.ts';
import { DEMO_POLICY } from '@trivet/simulator/policy.ts';
import { createOracle, type Judgement, type Told } from '../property/fleet-oracle.ts';
import { decisionOf, type FolderDecision } from '../property/pass-folder.ts';
import { runDemo, type DemoRun } from './demo-folders.ts';

const NODES = 1000;
const HARD_FAULTS = 50;
const PASSES = 4;

function toldIn(folder: string, pass: number): Told {
  const rowsOf = <Leg extends keyof Observations>(leg: Leg): Observations[Leg]['rows'] => {
    const observation: Observations[Leg] = JSON.parse(
      readFileSync(join(folder, 'observations', `${leg}.json`), 'utf8'),
    );
    return observation.rows;
  };
  return {
    at: passTime(pass),
    inventory: rowsOf('inventory'),
    telemetry: rowsOf('telemetry'),
    cluster: rowsOf('cluster'),
  };
}

describe('a thousand agents over real sockets', () => {
  let run: DemoRun;
  const judged: (FolderDecision & { readonly told: Told; readonly judgement: Judgement })[] = [];
  beforeAll(async () => {
    run = await runDemo({ nodes: NODES, seed: 11, hardFaults: HARD_FAULTS, passes: PASSES, realAgents: false });
    const { unavailable, minimumHealthy, domains } = DEMO_POLICY;
    const oracle = createOracle({
      budgetBasisPoints: unavailable.percentBasisPoints,
      budgetFloor: unavailable.floor,
      budgetCeiling: unavailable.ceiling ?? Infinity,
      minimumHealthy: minimumHealthy.count,
      rackMax: domains['rack']?.max ?? Infinity,
      held: new Set(),
    });
    for (const [index, folder] of run.folders.entries()) {
      const told = toldIn(folder, index + 1);
      const decision = decisionOf(folder);
      judged.push({ ...decision, told, judgement: oracle(told, decision) });
    }
  });
  afterAll(() => run.remove());

  it('hears every node that is not silent', () => {
    expect(judged[0]?.told.telemetry.length).toBeGreaterThan(0.9 * NODES);
    expect(judged[0]?.told.telemetry.every(({ receivedAt }) => receivedAt === passTime(1).toISOString())).toBe(true);
  });

  it('plans nothing before everybody had the time to be heard again', () => {
    expect(judged[0]).toMatchObject({ planned: [], withheld: ['leg-incomplete'] });
  });

  it('plans, refuses with numbers, or has it out already, for every suspect, and never a wrong node', () => {
    for (const { judgement } of judged) expect(judgement.problems).toEqual([]);
    expect(judged.at(-1)?.judgement.suspects.length).toBeGreaterThanOrEqual(HARD_FAULTS);
    expect(judged.at(-1)?.planned.length).toBeGreaterThan(0);
  });
});
