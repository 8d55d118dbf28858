/** Fleets for tests: a healthy fleet of any size, and small functions that spoil one thing in it. */
import type { Finding } from '@trivet/shared/model/finding.ts';
import type { Hardware } from '@trivet/shared/model/node.ts';
import type {
  ClusterRow,
  InventoryRow,
  Leg,
  Observation,
  Observations,
  TelemetryRow,
} from '@trivet/shared/model/observation.ts';
import type { PassInput } from '../core/facts.ts';
import { DEFAULT_POLICY, type Policy } from '../core/policy.ts';
import { EMPTY_STATE, type PassState } from '../core/state.ts';

export const NOW = '2026-11-20T17:00:00.000Z';
const RACK_SIZE = 8;

export interface Fleet {
  readonly inventory: InventoryRow[];
  readonly telemetry: TelemetryRow[];
  readonly cluster: ClusterRow[];
}

export function nodeName(index: number): string {
  return `gpu-${String(index).padStart(5, '0')}`;
}

/** `size` nodes in racks of eight, every leg complete and fresh, all healthy, idle and in service. */
export function healthyFleet(size: number): Fleet {
  const indexes = Array.from({ length: size }, (_, index) => index);
  return {
    inventory: indexes.map((index) => inventoryRow(index)),
    telemetry: indexes.map((index) => telemetryRow(nodeName(index))),
    cluster: indexes.map((index) => clusterRow(nodeName(index))),
  };
}

function inventoryRow(index: number): InventoryRow {
  return {
    node: nodeName(index),
    lifecycle: 'in-service',
    pool: 'train',
    role: null,
    protected: false,
    handsOff: null,
    drainRequested: false,
    ticket: null,
    serial: `S-${nodeName(index)}`,
    gpus: { model: 'H100', count: 1 },
    domains: { rack: `r${Math.floor(index / RACK_SIZE)}` },
    group: null,
  };
}

export function hardwareOf(node: string): Hardware {
  const gpu = { uuid: `GPU-${node}`, pciBusId: '0000:1b:00.0', serial: null, model: 'H100' };
  return { serial: `S-${node}`, gpus: [gpu] };
}

export function telemetryRow(node: string): TelemetryRow {
  return {
    node,
    receivedAt: '2026-11-20T16:59:50.000Z',
    takenAt: '2026-11-20T16:59:50.000Z',
    bootId: `boot-${node}`,
    hardware: hardwareOf(node),
    verdict: 'healthy',
    findings: [],
    signals: ['nvidia-smi', 'kernel-log'].map((name) => ({
      name,
      state: 'ok' as const,
      required: true,
      reason: null,
      ageMs: 1000,
    })),
    versions: { agent: '0.1.0', driver: '580.1', firmware: null },
  };
}

export function clusterRow(node: string): ClusterRow {
  return {
    node,
    uid: `uid-${node}`,
    ready: true,
    schedulable: true,
    cordon: null,
    drained: false,
    work: [],
    allocatableGpus: 1,
    labels: {},
    reason: null,
  };
}

export function hardFinding(node: string, changes: Partial<Finding> = {}): Finding {
  return {
    id: `f-${node}-${changes.code ?? 'xid.79'}`,
    gpu: { uuid: `GPU-${node}`, pciBusId: '0000:1b:00.0' },
    class: 'reboot',
    code: 'xid.79',
    strength: 'hard',
    action: 'drain-and-reboot',
    urgency: 'now',
    state: 'open',
    firstSeen: NOW,
    lastSeen: NOW,
    count: 1,
    evidence: [{ at: NOW, source: 'kernel-log', text: 'NVRM: Xid (PCI:0000:1b:00): 79' }],
    rule: 'off the bus',
    ...changes,
  };
}

function replace<Row extends { readonly node: string }>(rows: Row[], node: string, changes: Partial<Row>): void {
  const index = rows.findIndex((row) => row.node === node);
  const row = rows[index];
  if (row === undefined) throw new Error(`the fleet has no ${node}`);
  rows[index] = { ...row, ...changes };
}

export function changeInventory(fleet: Fleet, node: string, changes: Partial<InventoryRow>): void {
  replace(fleet.inventory, node, changes);
}

export function changeTelemetry(fleet: Fleet, node: string, changes: Partial<TelemetryRow>): void {
  replace(fleet.telemetry, node, changes);
}

export function changeCluster(fleet: Fleet, node: string, changes: Partial<ClusterRow>): void {
  replace(fleet.cluster, node, changes);
}

/** A GPU off the bus. */
export function breakNode(fleet: Fleet, node: string, changes: Partial<Finding> = {}): void {
  changeTelemetry(fleet, node, { findings: [hardFinding(node, changes)], verdict: 'unhealthy' });
}

export function cordonByOthers(fleet: Fleet, node: string): void {
  const cordon = { by: 'others' as const, who: 'ann', since: '2026-11-19T08:00:00.000Z', mark: null };
  changeCluster(fleet, node, { schedulable: false, cordon });
}

export interface InputChanges {
  readonly policy?: Partial<Policy>;
  readonly state?: Partial<PassState>;
  readonly legs?: { readonly [leg in Leg]?: Partial<Observation<never>> };
  readonly now?: string;
}

export function observationsOf(fleet: Fleet, legs: InputChanges['legs'] = {}): Observations {
  const head = <Name extends Leg>(leg: Name) => ({
    leg,
    cluster: 'test',
    observedAt: '2026-11-20T16:59:55.000Z',
    complete: true,
    errors: [],
    ...legs[leg],
  });
  return {
    inventory: { rows: fleet.inventory, ...head('inventory') },
    telemetry: { rows: fleet.telemetry, ...head('telemetry') },
    cluster: { rows: fleet.cluster, ...head('cluster') },
  };
}

export function passInput(fleet: Fleet, changes: InputChanges = {}): PassInput {
  return {
    cluster: 'test',
    pass: '20261120T170000000Z',
    now: changes.now ?? NOW,
    observations: observationsOf(fleet, changes.legs),
    policy: { ...DEFAULT_POLICY, ...changes.policy },
    state: { ...EMPTY_STATE, ...changes.state },
    ownHosts: [],
  };
}
