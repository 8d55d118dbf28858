/**
 * A thousand nodes and fifty hard faults, straight through the core: whatever the seed and the budget, the plan of every
 * pass is judged by an oracle that knows the observations and nothing else.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { EMPTY_STATE, type Hold, type PassState } from '@trivet/aggregator/core/state.ts';
import { DEFAULT_POLICY, type Policy } from '@trivet/aggregator/core/policy.ts';
import { runPass } from '@trivet/aggregator/passes/run.ts';
import { verdict } from '@trivet/shared/health/verdict.ts';
import type { TelemetryRow } from '@trivet/shared/model/observation.ts';
import { passTime } from '@trivet/simulator/clock.ts';
import { worldLegs } from '@trivet/simulator/legs.ts';
import { reportOf } from '@trivet/simulator/simulated-report.ts';
import { createWorld, type Frame, type World } from '@trivet/simulator/world.ts';
import { createOracle, type Judgement, type Told } from './fleet-oracle.ts';
import { decisionOf, type FolderDecision } from './pass-folder.ts';

const NODES = 1000;
const HARD_FAULTS = 50;
const PASSES = 4;
const CLUSTER = 'fleet';
/** What a plan must withstand: suspects of each of these kinds have to be there, or the judgement says nothing. */
const TEMPTATIONS = [
  'protected',
  'hands-off',
  'foreign: in no inventory',
  'ticketed by others',
  'cordoned by others',
  'stale or silent',
  'of another identity',
  'on hold',
  'lifecycle spare',
];

/** Seed and budget: a freeze, safety's own maximum, and one that what is out already leaves a few nodes of. */
const EXTREMES: [number, number][] = [
  [1, 0],
  [2, 2500],
  [3, 1250],
];

const root = mkdtempSync(join(tmpdir(), 'trivet-fleet-'));
afterAll(() => rmSync(root, { recursive: true }));

interface Judged extends FolderDecision {
  readonly pass: number;
  readonly judgement: Judgement;
}

function policyOf(percentBasisPoints: number): Policy {
  const unavailable = { percentBasisPoints, floor: 1, ceiling: 200, why: 'property test' };
  return { ...DEFAULT_POLICY, unavailable };
}

/** Two ordinary nodes of those that fail first: without the hold, they would be candidates. */
function holdsOn(world: World): Record<string, Hold> {
  const ordinary = new Set(world.fleet.filter(({ standing }) => standing === 'ordinary').map(({ name }) => name));
  const failing = world
    .frame(1)
    .agents.filter(({ node, faults }) => ordinary.has(node) && faults.some(({ fault }) => fault.hard));
  const hold: Hold = { kind: 'command', by: 'alice', why: 'watching it', until: null };
  return Object.fromEntries(failing.slice(0, 2).map(({ node }) => [node, hold]));
}

function telemetryOf(frame: Frame, last: Map<string, TelemetryRow>): TelemetryRow[] {
  for (const view of frame.agents.filter(({ reports }) => reports)) {
    const { findings, collectors: signals } = reportOf(view, frame.pass, frame.at);
    last.set(view.node, {
      node: view.node,
      receivedAt: frame.at.toISOString(),
      takenAt: frame.at.toISOString(),
      bootId: view.bootId,
      hardware: view.hardware,
      verdict: verdict(findings, signals),
      findings,
      signals,
      versions: { agent: 'simulated', driver: null, firmware: null },
    });
  }
  return [...last.values()];
}

async function judgeFleet(seed: number, percentBasisPoints: number): Promise<Judged[]> {
  const world = createWorld({ nodes: NODES, seed, hardFaults: HARD_FAULTS });
  const policy = policyOf(percentBasisPoints);
  const holds = holdsOn(world);
  const oracle = createOracle({
    budgetBasisPoints: percentBasisPoints,
    budgetFloor: policy.unavailable.floor,
    budgetCeiling: policy.unavailable.ceiling ?? Infinity,
    minimumHealthy: policy.minimumHealthy.count,
    rackMax: policy.domains['rack']?.max ?? Infinity,
    held: new Set(Object.keys(holds)),
  });
  const dir = mkdtempSync(join(root, 'passes-'));
  const lastReports = new Map<string, TelemetryRow>();
  let state: PassState = { ...EMPTY_STATE, holds };
  const judged: Judged[] = [];
  for (let pass = 1; pass <= PASSES; pass += 1) {
    const frame = world.frame(pass);
    const told: Told = { ...frame, telemetry: telemetryOf(frame, lastReports) };
    const observation = { cluster: CLUSTER, observedAt: frame.at.toISOString(), complete: true, errors: [] };
    const telemetry = { ...observation, leg: 'telemetry' as const, rows: told.telemetry };
    const outcome = await runPass({
      cluster: CLUSTER,
      mode: 'observe',
      legs: { ...worldLegs(() => frame), telemetry: { name: 'test', observe: () => Promise.resolve(telemetry) } },
      policy,
      state,
      dir,
      now: () => passTime(pass),
      ownHosts: [],
    });
    state = outcome.state;
    const decision = decisionOf(outcome.folder);
    judged.push({ pass, ...decision, judgement: oracle(told, decision) });
  }
  return judged;
}

describe('a thousand nodes, fifty hard faults', () => {
  it('plans, refuses with numbers, or has it out already, for every suspect, and never a wrong node', async () => {
    const judged = await judgeFleet(7, 2000);
    for (const { judgement } of judged) expect(judgement.problems).toEqual([]);
    const last = judged.at(-1);
    expect(last?.judgement.suspects.length).toBeGreaterThanOrEqual(HARD_FAULTS);
    expect(last?.planned.length).toBeGreaterThan(0);
    expect([...(last?.judgement.tempting.keys() ?? [])]).toEqual(expect.arrayContaining(TEMPTATIONS));
  });

  it('holds for any seed and any budget', async () => {
    let plannedByAny = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(10_000), fc.integer({ min: 0, max: 2500 }), async (seed, basisPoints) => {
        const judged = await judgeFleet(seed, basisPoints);
        expect(judged.flatMap(({ judgement }) => judgement.problems)).toEqual([]);
        plannedByAny += judged.reduce((sum, { planned }) => sum + planned.length, 0);
      }),
      { numRuns: 6, examples: EXTREMES },
    );
    expect(plannedByAny).toBeGreaterThan(0);
  });
});

describe('the oracle', () => {
  const world = createWorld({ nodes: 64, seed: 7 });
  const frame = world.frame(1);
  const told: Told = { ...frame, telemetry: telemetryOf(frame, new Map()) };
  const rules = {
    budgetBasisPoints: 2000,
    budgetFloor: 1,
    budgetCeiling: 40,
    minimumHealthy: 1,
    rackMax: 2,
    held: new Set<string>(),
  };
  const judge = (planned: string[]): readonly string[] => createOracle(rules)(told, { planned, refusals: [] }).problems;
  const named = (standing: string): string => world.fleet.find((node) => node.standing === standing)?.name ?? '';

  it.each(['protected', 'hands-off', 'foreign', 'ticketed', 'silent', 'cordoned-by-others', 'spare'])(
    'objects to a plan with a node that is %s',
    (standing) => {
      expect(judge([named(standing)]).some((text) => text.startsWith(`${named(standing)} is planned, but`))).toBe(true);
    },
  );

  it('objects when suspects vanish, and when the plan is over the budget', () => {
    expect(judge([]).filter((text) => text.endsWith('vanished')).length).toBeGreaterThan(0);
    expect(judge(world.fleet.map(({ name }) => name)).join()).toMatch(/nodes gone, budget \d+/);
  });
});
