/** Safety must refuse what a broken planner would hand it: a good decision, spoiled in one way at a time. */
import { describe, expect, it } from 'vitest';
import type { Plan, Refusal, Step } from '@trivet/shared/model/plan.ts';
import { decide } from '../core/plan.ts';
import type { PassInput } from '../core/facts.ts';
import {
  breakNode,
  changeCluster,
  changeInventory,
  changeTelemetry,
  cordonByOthers,
  hardFinding,
  hardwareOf,
  healthyFleet,
  nodeName,
  passInput,
  telemetryRow,
  type Fleet,
  type InputChanges,
} from '../testing/fleet.ts';
import { PLAN_INVARIANTS, VerifiedPlan } from './verify.ts';

const BAD = nodeName(3);

function fleetWithFault(): Fleet {
  const fleet = healthyFleet(64);
  breakNode(fleet, BAD);
  return fleet;
}

function broken(plan: Plan, refusals: readonly Refusal[], input: PassInput): string[] {
  const verified = VerifiedPlan.verify(plan, refusals, input);
  return verified instanceof VerifiedPlan ? [] : verified.map(({ invariant }) => invariant);
}

/** The plan was made for a healthy world; then the world is another one. */
function planThenChange(change: (fleet: Fleet) => InputChanges | undefined): string[] {
  const { plan, refusals } = decide(passInput(fleetWithFault()));
  const fleet = fleetWithFault();
  return broken(plan, refusals, passInput(fleet, change(fleet) ?? {}));
}

/** The world stays; the planner has lost its mind. */
function spoilPlan(change: (plan: Plan, step: Step) => Plan, refusals: readonly Refusal[] = []): string[] {
  const input = passInput(fleetWithFault());
  const { plan } = decide(input);
  const [step] = plan.steps;
  if (step === undefined) throw new Error('the fault was not planned');
  return broken(change(plan, step), refusals, input);
}

function alsoSteps(step: Step, nodes: readonly string[]): Step[] {
  return nodes.map((node, index) => ({
    ...step,
    node,
    order: index + 2,
    findings: [],
    expected: { uid: `uid-${node}`, bootId: `boot-${node}`, serial: `S-${node}`, gpuUuids: [`GPU-${node}`] },
  }));
}

describe('verify', () => {
  it('accepts the planner’s plan, and holds the invariants that it says', () => {
    const input = passInput(fleetWithFault());
    const { plan, refusals } = decide(input);
    const verified = VerifiedPlan.verify(plan, refusals, input);
    expect(verified).toBeInstanceOf(VerifiedPlan);
    expect(verified).toHaveProperty('isVerified', true);
    expect(Object.keys(PLAN_INVARIANTS)).toEqual(
      ['1', '5', '7', '8', '9', '10', '16', '17', '18', '19', '34'].map((number) => `I-${number}`),
    );
  });

  const CHANGED: readonly (readonly [string, string, (fleet: Fleet) => InputChanges | undefined])[] = [
    [
      'I-7',
      'others took the budget',
      (fleet) => void [8, 16, 24].forEach((index) => cordonByOthers(fleet, nodeName(index))),
    ],
    ['I-7', 'other nodes fell silent', (fleet) => void [8, 16, 24].forEach((index) => stale(fleet, nodeName(index)))],
    ['I-8', 'inventory shrank', () => ({ state: { inventoryHighWater: 72 } })],
    ['I-8', 'it is its pool’s last node', (fleet) => void changeInventory(fleet, BAD, { pool: 'alone' })],
    ['I-9', 'its rack lost two', (fleet) => void [1, 2].forEach((index) => cordonByOthers(fleet, nodeName(index)))],
    ['I-10', 'a leg is stale', () => ({ legs: { cluster: { observedAt: '2026-11-20T16:00:00.000Z' } } })],
    ['I-10', 'a leg is not complete', () => ({ legs: { inventory: { complete: false } } })],
    ['I-10', 'its report is stale', (fleet) => stale(fleet, BAD)],
    ['I-10', 'its finding closed', (fleet) => void breakNode(fleet, BAD, { state: 'closed' })],
    ['I-10', 'its finding is soft', (fleet) => void breakNode(fleet, BAD, { strength: 'soft' })],
    ['I-10', 'its collector failed', (fleet) => failCollectors(fleet, BAD)],
    ['I-10', 'two agents report it', (fleet) => void fleet.telemetry.push(telemetryRow(BAD))],
    ['I-16', 'it is protected', (fleet) => void changeInventory(fleet, BAD, { protected: true })],
    [
      'I-16',
      'a person said hands off',
      (fleet) => void changeInventory(fleet, BAD, { handsOff: { until: null, by: 'ann', why: 'x' } }),
    ],
    [
      'I-10',
      'the cluster was read tomorrow',
      () => ({ legs: { cluster: { observedAt: '2026-11-21T17:00:00.000Z' } } }),
    ],
    [
      'I-10',
      'its report is of tomorrow',
      (fleet) => void changeTelemetry(fleet, BAD, { receivedAt: '2026-11-21T17:00:00.000Z' }),
    ],
    ['I-10', 'the cluster names a node twice', (fleet) => void fleet.cluster.push(...fleet.cluster.slice(0, 1))],
    [
      'I-16',
      'the label says yes',
      (fleet) => void changeCluster(fleet, BAD, { labels: { 'trivet.dev/protected': 'yes' } }),
    ],
    [
      'I-16',
      'inventory lost its protection, and a label is left',
      (fleet) => {
        changeCluster(fleet, nodeName(9), { labels: { 'node-role.kubernetes.io/control-plane': '' } });
        return { state: { protectedCounts: { inventory: 2, cluster: 1 } } };
      },
    ],
    [
      'I-10',
      'our catalogue knows the finding as an application’s',
      (fleet) => void breakNode(fleet, BAD, { id: `f-${BAD}-xid.79`, code: 'xid.13' }),
    ],
    [
      'I-7',
      'nothing that must be read is read on other nodes',
      (fleet) => void [8, 16, 24].forEach((index) => changeTelemetry(fleet, nodeName(index), { signals: [] })),
    ],
    ['I-16', 'all protection vanished', () => ({ state: { protectedCounts: { inventory: 2, cluster: 0 } } })],
    ['I-17', 'the node object is another', (fleet) => void changeCluster(fleet, BAD, { uid: 'other' })],
    ['I-17', 'it rebooted', (fleet) => void changeTelemetry(fleet, BAD, { bootId: 'other' })],
    ['I-17', 'inventory names another chassis', (fleet) => void changeInventory(fleet, BAD, { serial: 'S-2' })],
    ['I-17', 'its GPUs were swapped', (fleet) => swapGpu(fleet, BAD)],
    ['I-18', 'somebody cordoned it', (fleet) => void cordonByOthers(fleet, BAD)],
    ['I-18', 'it is down', (fleet) => void changeCluster(fleet, BAD, { ready: false })],
    [
      'I-18',
      'others have a ticket',
      (fleet) => void changeInventory(fleet, BAD, { ticket: { id: 'T', by: 'dc', url: null } }),
    ],
    [
      'I-18',
      'it is on hold',
      () => ({ state: { holds: { [BAD]: { kind: 'command', by: 'a', why: 'x', until: null } } } }),
    ],
    ['I-18', 'an operation is open', () => ({ state: { inFlight: { [BAD]: { operation: 'OP', since: 'x' } } } })],
    ['I-19', 'it left inventory', (fleet) => void fleet.inventory.splice(3, 1)],
    ['I-1', 'another node fails and is not mentioned', (fleet) => void breakNode(fleet, nodeName(40))],
  ];

  it.each(CHANGED)('%s: %s', (invariant, _name, change) => {
    expect(planThenChange((fleet) => change(fleet) ?? undefined)).toContain(invariant);
  });

  const SPOILED: readonly (readonly [string, string, (plan: Plan, step: Step) => Plan])[] = [
    ['I-1', 'drops the suspect', (plan) => ({ ...plan, steps: [] })],
    ['I-19', 'plans it twice', (plan, step) => ({ ...plan, steps: [step, step] })],
    ['I-19', 'plans a node without a reason', (plan, step) => withSteps(plan, alsoSteps(step, [nodeName(20)]))],
    ['I-19', 'plans a name nobody knows', (plan, step) => withSteps(plan, alsoSteps(step, ['*']))],
    ['I-7', 'plans everybody', (plan, step) => withSteps(plan, alsoSteps(step, [8, 16, 24, 32].map(nodeName)))],
    [
      'I-34',
      'plans more than a pass may',
      (plan, step) => withSteps(plan, alsoSteps(step, [8, 16, 24, 32, 40].map(nodeName))),
    ],
  ];

  it.each(SPOILED)('%s: the planner %s', (invariant, _name, change) => {
    expect(spoilPlan(change)).toContain(invariant);
  });

  it('I-5: a refusal by a limit has its numbers', () => {
    const refusal = { node: BAD, code: 'budget' as const, limit: 1, current: null, needed: 1, users: [], text: 'full' };
    const input = passInput(fleetWithFault());
    expect(broken({ ...decide(input).plan, steps: [] }, [refusal], input)).toEqual(['I-5']);
  });

  it('I-1: nobody is both planned and refused', () => {
    const refusal = {
      node: BAD,
      code: 'protected' as const,
      limit: null,
      current: null,
      needed: null,
      users: [],
      text: 'x',
    };
    expect(spoilPlan((plan) => plan, [refusal])).toEqual(['I-1']);
  });
});

function withSteps(plan: Plan, steps: readonly Step[]): Plan {
  return { ...plan, steps: [...plan.steps, ...steps] };
}

function stale(fleet: Fleet, node: string): undefined {
  changeTelemetry(fleet, node, { receivedAt: '2026-11-20T16:50:30.000Z' });
}

function failCollectors(fleet: Fleet, node: string): undefined {
  const signals = telemetryRow(node).signals.map((signal) => ({ ...signal, state: 'failed' as const }));
  changeTelemetry(fleet, node, { signals });
}

function swapGpu(fleet: Fleet, node: string): InputChanges {
  const gpus = [{ uuid: 'GPU-new', pciBusId: null, serial: null, model: null }];
  changeTelemetry(fleet, node, { hardware: { serial: `S-${node}`, gpus }, findings: [hardFinding(node)] });
  return { state: { identities: { [node]: hardwareOf(node) } } };
}
