/** The named situations: each is a fleet with one thing wrong, and what has to come out. */
import { describe, expect, it } from 'vitest';
import { codes, decided, planned } from '../testing/decided.ts';
import {
  breakNode,
  changeCluster,
  changeInventory,
  changeTelemetry,
  cordonByOthers,
  hardFinding,
  healthyFleet,
  nodeName,
  telemetryRow,
  type Fleet,
  type InputChanges,
} from '../testing/fleet.ts';

const BAD = nodeName(3);

describe('nothing to do', () => {
  it('empty input gives an empty plan', () => {
    expect(planned(decided({ inventory: [], telemetry: [], cluster: [] }))).toEqual([]);
  });

  it('a healthy fleet gives an empty plan and no refusal', () => {
    const decision = decided(healthyFleet(64));
    expect(planned(decision)).toEqual([]);
    expect(decision.refusals).toEqual([]);
    expect(decision.sets.get('telemetry/healthy')).toHaveLength(64);
  });
});

describe('one hard fault', () => {
  it('is planned', () => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD);
    const decision = decided(fleet);
    expect(planned(decision)).toEqual([BAD]);
    expect(decision.plan.steps[0]?.expected.gpuUuids).toEqual([`GPU-${BAD}`]);
    expect(decision.sets.get('derived/candidate-drain')).toEqual([BAD]);
  });

  const REFUSED: readonly (readonly [string, string, (fleet: Fleet) => InputChanges | undefined])[] = [
    ['protected', 'protected in inventory', (fleet) => void changeInventory(fleet, BAD, { protected: true })],
    [
      'protected',
      'protected by a cluster label',
      (fleet) => void changeCluster(fleet, BAD, { labels: { 'node-role.kubernetes.io/control-plane': '' } }),
    ],
    ['protected', 'protected by policy', () => ({ policy: { protect: { nodes: [BAD], why: 'test' } } })],
    [
      'hands-off',
      'hands off',
      (fleet) => void changeInventory(fleet, BAD, { handsOff: { until: null, by: 'ann', why: 'debugging' } }),
    ],
    [
      'ticketed',
      'ticket of others',
      (fleet) => void changeInventory(fleet, BAD, { ticket: { id: 'T-1', by: 'dc-ops', url: null } }),
    ],
    ['not-managed', 'planned lifecycle', (fleet) => void changeInventory(fleet, BAD, { lifecycle: 'planned' })],
    [
      'not-managed',
      'foreign to inventory',
      (fleet) =>
        void fleet.inventory.splice(
          fleet.inventory.findIndex(({ node }) => node === BAD),
          1,
        ),
    ],
    ['not-reporting', 'stale', (fleet) => void changeTelemetry(fleet, BAD, { receivedAt: '2026-11-20T16:55:00.000Z' })],
    [
      'identity',
      'another GPU than was accepted',
      () => ({
        state: {
          identities: {
            [BAD]: { serial: null, gpus: [{ uuid: 'GPU-old', pciBusId: null, serial: null, model: null }] },
          },
        },
      }),
    ],
    [
      'identity',
      'another chassis than inventory says',
      (fleet) => void changeInventory(fleet, BAD, { serial: 'S-other' }),
    ],
    [
      'identity',
      'two agents under one name',
      (fleet) => void fleet.telemetry.push({ ...telemetryRow(BAD), findings: [hardFinding(BAD)] }),
    ],
    [
      'on-hold',
      'on hold',
      () => ({ state: { holds: { [BAD]: { kind: 'taken-over', by: 'ann', why: 'uncordoned', until: null } } } }),
    ],
    [
      'not-reporting',
      'the collector behind the finding has failed',
      (fleet) => {
        const signals = telemetryRow(BAD).signals.map((signal) => ({ ...signal, state: 'failed' as const }));
        changeTelemetry(fleet, BAD, { signals });
        return undefined;
      },
    ],
  ];

  it.each(REFUSED)('is refused with %s when %s', (code, _name, spoil) => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD);
    const decision = decided(fleet, spoil(fleet) ?? {});
    expect(planned(decision)).toEqual([]);
    expect(codes(decision, BAD)).toContain(code);
  });

  it('is planned when the tool that fails says itself that the GPU is lost', () => {
    const fleet = healthyFleet(64);
    const { signals, receivedAt: takenAt } = telemetryRow(BAD);
    const evidence = [{ at: takenAt, source: 'nvidia-smi', text: 'GPU is lost' }];
    const findings = [hardFinding(BAD, { code: 'gpu.lost', lastSeen: takenAt, evidence })];
    changeTelemetry(fleet, BAD, {
      findings,
      signals: signals.map((signal) => ({ ...signal, state: 'unknown' as const })),
    });
    expect(planned(decided(fleet))).toEqual([BAD]);
  });

  it('is out of service already when somebody else cordoned the node', () => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD);
    cordonByOthers(fleet, BAD);
    const decision = decided(fleet);
    expect(planned(decision)).toEqual([]);
    expect(decision.sets.get('derived/suspect-out-of-service')).toEqual([BAD]);
  });

  it('hands off that is over holds no more', () => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD);
    changeInventory(fleet, BAD, { handsOff: { until: '2026-11-20T16:00:00.000Z', by: 'ann', why: 'lunch' } });
    expect(planned(decided(fleet))).toEqual([BAD]);
  });

  it('a soft fault alone drains nobody', () => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD, { strength: 'soft' });
    const decision = decided(fleet);
    expect(planned(decision)).toEqual([]);
    expect(codes(decision, BAD)).toEqual(['evidence-soft']);
  });

  it.each(['soft', 'hard'] as const)('a site check drains nobody, also when the agent calls it %s', (strength) => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD, { code: 'site.reboot.fans', class: 'reboot', action: 'drain-and-reboot', strength });
    const decision = decided(fleet);
    expect(planned(decision)).toEqual([]);
    expect(codes(decision, BAD)).toEqual(['evidence-soft']);
    expect(decision.sets.get('telemetry/unhealthy')).toEqual([BAD]);
  });

  it('an unknown XID drains nobody', () => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD, { class: 'unclassified', code: 'xid.999', action: 'none', strength: 'soft' });
    const decision = decided(fleet);
    expect(planned(decision)).toEqual([]);
    expect(decision.sets.get('telemetry/degraded')).toEqual([BAD]);
  });

  it('a requested drain needs no fault', () => {
    const fleet = healthyFleet(64);
    changeInventory(fleet, BAD, { drainRequested: true });
    expect(planned(decided(fleet))).toEqual([BAD]);
  });
});

describe('a leg that cannot be trusted gives an empty plan that says so', () => {
  const WITHHELD: readonly (readonly [string, string, InputChanges])[] = [
    ['leg-stale', 'cluster is 300 s old or older', { legs: { cluster: { observedAt: '2026-11-20T16:50:00.000Z' } } }],
    ['leg-stale', 'inventory has no readable time', { legs: { inventory: { observedAt: 'yesterday' } } }],
    ['leg-incomplete', 'telemetry is not complete', { legs: { telemetry: { complete: false } } }],
    [
      'leg-incomplete',
      'inventory has an error',
      { legs: { inventory: { errors: [{ code: 'x', where: 'row 3', message: 'no lifecycle' }] } } },
    ],
    ['leg-incomplete', 'a leg of another cluster', { legs: { cluster: { cluster: 'other' } } }],
    ['leg-incomplete', 'inventory shrank', { state: { inventoryHighWater: 80 } }],
    [
      'leg-incomplete',
      'expected nodes are not heard',
      { state: { expected: Array.from({ length: 20 }, (_, i) => `x-${i}`) } },
    ],
    ['breaker', 'protection vanished', { state: { protectedCounts: { inventory: 3, cluster: 0 } } }],
  ];

  it.each(WITHHELD)('%s: %s', (code, _name, changes) => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD);
    const decision = decided(fleet, changes);
    expect(planned(decision)).toEqual([]);
    expect(decision.plan.withheld.map((entry) => entry.code)).toContain(code);
    expect(codes(decision, BAD)).toContain(code);
  });

  it('also for a suspect that only seems to be out of service, because the cluster could not be read', () => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD);
    const decision = decided({ ...fleet, cluster: [] }, { legs: { cluster: { complete: false } } });
    expect(codes(decision, BAD)).toEqual(['leg-incomplete']);
  });

  it('a doubled name in the cluster', () => {
    const fleet = healthyFleet(64);
    breakNode(fleet, BAD);
    fleet.cluster.push(...fleet.cluster.slice(0, 1));
    expect(decided(fleet).plan.withheld[0]?.code).toBe('leg-incomplete');
  });
});

describe('the expected set', () => {
  it('keeps a node whose row vanished, as out of service', () => {
    const fleet = healthyFleet(64);
    const { state } = decided(fleet);
    fleet.inventory.splice(10, 1);
    const decision = decided(fleet, { state });
    expect(decision.sets.get('inventory/expected')).toHaveLength(64);
    expect(decision.sets.get('derived/out-of-service')).toEqual([nodeName(10)]);
  });

  it('keeps it in the rack and the pool where it stood', () => {
    const fleet = healthyFleet(64);
    const { state } = decided(fleet);
    [8, 9].forEach((index) => breakNode(fleet, nodeName(index)));
    fleet.inventory.splice(10, 1);
    // Two of a rack may be out; the one that vanished is one of them.
    const decision = decided(fleet, { state });
    expect(planned(decision)).toHaveLength(1);
    expect(decision.refusals).toMatchObject([{ code: 'domain', limit: 2, users: [expect.any(String), nodeName(10)] }]);
  });

  it('lets a node go by an explicit row', () => {
    const fleet = healthyFleet(64);
    const { state } = decided(fleet);
    changeInventory(fleet, nodeName(10), { lifecycle: 'decommissioned' });
    expect(decided(fleet, { state }).sets.get('inventory/expected')).toHaveLength(63);
  });
});
