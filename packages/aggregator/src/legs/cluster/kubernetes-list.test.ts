import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileCluster } from './file.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trivet-list-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function observe(items: readonly object[]) {
  const path = join(dir, 'cluster.json');
  await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return fileCluster(path).observe('test');
}

function node(name: string, changes: { unschedulable?: boolean; annotations?: object; ready?: string } = {}): object {
  const { unschedulable, annotations = {}, ready = 'True' } = changes;
  return {
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, labels: { zone: 'a' }, annotations },
    spec: unschedulable === undefined ? {} : { unschedulable },
    status: {
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: ready },
      ],
      allocatable: { cpu: '64', 'nvidia.com/gpu': '8' },
    },
  };
}

interface PodChanges {
  readonly owner?: string;
  readonly phase?: string;
  readonly labels?: object;
  readonly annotations?: object;
  readonly gpus?: string;
}

function pod(name: string, nodeName: string | undefined, changes: PodChanges = {}): object {
  const { owner, phase = 'Running', labels = {}, annotations = {}, gpus } = changes;
  return {
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'ml',
      labels,
      annotations,
      ownerReferences: owner === undefined ? [] : [{ kind: owner, name: 'x' }],
    },
    spec: { nodeName, containers: [{ resources: gpus === undefined ? {} : { limits: { 'nvidia.com/gpu': gpus } } }] },
    status: { phase },
  };
}

describe('kubectl get nodes,pods,pdb -A -o json', () => {
  it('tells state, owner and work of each node', async () => {
    const budget = {
      kind: 'PodDisruptionBudget',
      metadata: { name: 'quorum', namespace: 'ml' },
      spec: { selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['db'] }] } },
    };
    const { rows, complete } = await observe([
      node('a'),
      node('b', { unschedulable: true }),
      node('c', { unschedulable: true, annotations: { 'trivet.dev/operation': 'OP-1' } }),
      node('d', { ready: 'Unknown' }),
      pod('train-0', 'a', { owner: 'Job', gpus: '8', labels: { 'batch.kubernetes.io/job-name': 'train' } }),
      pod('db-0', 'a', { owner: 'StatefulSet', labels: { app: 'db' } }),
      pod('exporter', 'b', { owner: 'DaemonSet' }),
      pod('etcd', 'b', { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      pod('done', 'b', { owner: 'Job', phase: 'Succeeded' }),
      pod('naked', 'c'),
      pod('waiting', undefined, { owner: 'Job' }),
      budget,
    ]);
    expect(complete).toBe(true);
    const [a, b, c, d] = rows;
    expect(a).toMatchObject({
      node: 'a',
      uid: 'uid-a',
      ready: true,
      schedulable: true,
      cordon: null,
      allocatableGpus: 8,
    });
    expect(a?.work).toMatchObject([
      { id: 'ml/train-0', gang: 'train', gpus: 8, class: 'owned', protectedBy: [] },
      { id: 'ml/db-0', gang: null, gpus: 0, class: 'owned', protectedBy: ['quorum'] },
    ]);
    expect(b).toMatchObject({ schedulable: false, drained: true, cordon: { by: 'others', mark: null } });
    expect(b?.work.map(({ class: kind }) => kind)).toEqual(['daemonset', 'mirror', 'terminal']);
    expect(c).toMatchObject({ drained: false, cordon: { by: 'us', mark: 'OP-1' } });
    expect(d).toMatchObject({ ready: false, cordon: null });
  });

  it('does not take a list without pods for an idle cluster', async () => {
    const { complete, errors } = await observe([node('a')]);
    expect(complete).toBe(false);
    expect(errors[0]?.message).toContain('holds no pods');
  });

  it('names an item that it does not understand', async () => {
    const { complete, errors } = await observe([node('a'), pod('p', 'a'), { kind: 'Node', metadata: { name: 'b' } }]);
    expect(complete).toBe(false);
    expect(errors[0]?.where).toContain('items/2');
  });

  it.each([
    ['ToBeDeletedByClusterAutoscaler', { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] } }],
    ['karpenter.sh/disrupted', { spec: { taints: [{ key: 'nvidia.com/gpu' }, { key: 'karpenter.sh/disrupted' }] } }],
    ['being deleted', { metadata: { name: 'a', deletionTimestamp: '2026-11-20T17:00:00Z' } }],
  ])('a node that others take away (%s) is theirs, cordoned or not', async (who, changes) => {
    const { rows, complete } = await observe([{ ...node('a'), ...changes }, pod('x', 'a')]);
    expect(complete).toBe(true);
    expect(rows).toMatchObject([{ node: 'a', schedulable: true, cordon: { by: 'others', who } }]);
  });

  it('a taint that only keeps other work away is nobody’s cordon', async () => {
    const { rows } = await observe([{ ...node('a'), spec: { taints: [{ key: 'nvidia.com/gpu' }] } }, pod('x', 'a')]);
    expect(rows[0]?.cordon).toBeNull();
  });

  it('leaves out what is no name, and says so', async () => {
    const names = ['__proto__', 'a\nb', 'a', 'a'];
    const { rows, complete, errors } = await observe([...names.map((name) => node(name)), pod('x', 'a')]);
    expect(complete).toBe(false);
    expect(rows.map((row) => row.node)).toEqual(['a', 'a']);
    expect(errors.map(({ code }) => code)).toEqual(['cluster.name', 'cluster.name', 'cluster.doubled']);
  });
});
