/**
 * A Kubernetes `List` of nodes, pods and disruption budgets → one row a node. Meanings: docs of the Kubernetes API v1
 * (Node conditions, `spec.unschedulable`, ownerReferences, mirror pods) and policy/v1.
 */
import { z } from 'zod';
import type { ClusterRow, Observation, ObservationError, Work } from '@trivet/shared/model/observation.ts';
import { NODE_NAME } from '@trivet/shared/protocol/limits.ts';
import { failedObservation, issueText, type FileDocument } from '../rows.ts';
import { matches, selectorSchema } from './label-selector.ts';

const metadataSchema = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().default(''),
  uid: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  ownerReferences: z.array(z.looseObject({ kind: z.string(), name: z.string() })).default([]),
});
const taints = z.array(z.looseObject({ key: z.string() })).default([]);
const nodeSchema = z.looseObject({
  kind: z.literal('Node'),
  metadata: metadataSchema,
  spec: z
    .looseObject({ unschedulable: z.boolean().default(false), taints })
    .default({ unschedulable: false, taints: [] }),
  status: z.looseObject({
    conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })),
    allocatable: z.record(z.string(), z.string()).default({}),
  }),
});
const quantities = z.record(z.string(), z.union([z.string(), z.number()])).default({});
const podSchema = z.looseObject({
  kind: z.literal('Pod'),
  metadata: metadataSchema,
  spec: z.looseObject({
    nodeName: z.string().optional(),
    containers: z.array(
      z.looseObject({ resources: z.looseObject({ limits: quantities, requests: quantities }).optional() }),
    ),
  }),
  status: z.looseObject({ phase: z.string() }),
});
const budgetSchema = z.looseObject({
  kind: z.literal('PodDisruptionBudget'),
  metadata: metadataSchema,
  spec: z.looseObject({ selector: selectorSchema.nullish() }),
});
const listSchema = z.looseObject({ kind: z.literal('List'), items: z.array(z.looseObject({ kind: z.string() })) });

type Node = z.infer<typeof nodeSchema>;
type Pod = z.infer<typeof podSchema>;
type Budget = z.infer<typeof budgetSchema>;

export function isKubernetesList(value: unknown): boolean {
  return listSchema.safeParse(value).success;
}

export function kubernetesToObservation(
  document: FileDocument,
  path: string,
  cluster: string,
): Observation<ClusterRow> {
  const list = listSchema.safeParse(document.value);
  if (!list.success) {
    return failedObservation('cluster', cluster, { code: 'cluster.shape', where: path, message: 'is not a v1 List' });
  }
  const errors: ObservationError[] = [];
  const take = <Item>(kind: string, schema: z.ZodType<Item>): Item[] =>
    list.data.items.flatMap((item, index) => {
      if (item.kind !== kind) return [];
      const parsed = schema.safeParse(item);
      if (parsed.success) return [parsed.data];
      const [issue] = parsed.error.issues;
      const at = ['items', index, ...(issue?.path ?? [])].filter((key) => typeof key !== 'symbol');
      errors.push({
        code: 'cluster.item',
        where: document.locate(at),
        message: `${kind}: ${issueText(issue)}`,
      });
      return [];
    });
  const nodes = take('Node', nodeSchema);
  const pods = take('Pod', podSchema);
  const budgets = take('PodDisruptionBudget', budgetSchema);
  errors.push(...missingKinds(path, nodes, pods), ...badNames(path, nodes));
  const podsOf = Map.groupBy(pods, ({ spec }) => spec.nodeName ?? '');
  // A name that is none would become a line of a set file: it is told as an error, and left out.
  const named = nodes.filter(({ metadata }) => NODE_NAME.test(metadata.name));
  const rows = named.map((node) => rowOf(node, podsOf.get(node.metadata.name) ?? [], budgets));
  return { leg: 'cluster', cluster, observedAt: document.modifiedAt, complete: errors.length === 0, errors, rows };
}

/** Every cluster runs pods: none in the list means that they were not asked for, so nobody knows what is busy. */
function missingKinds(path: string, nodes: readonly Node[], pods: readonly Pod[]): ObservationError[] {
  const missing = [...(nodes.length === 0 ? ['nodes'] : []), ...(pods.length === 0 ? ['pods'] : [])];
  return missing.map((kind) => ({
    code: 'cluster.missing',
    where: path,
    message: `holds no ${kind}: write it with \`kubectl get nodes,pods,pdb -A -o json\``,
  }));
}

function badNames(path: string, nodes: readonly Node[]): ObservationError[] {
  const names = nodes.map(({ metadata }) => metadata.name);
  const bad = names.filter((name) => !NODE_NAME.test(name));
  const doubled = [...Map.groupBy(names, (name) => name)].filter(([, same]) => same.length > 1).map(([name]) => name);
  return [
    ...bad.map((name) => ({
      code: 'cluster.name',
      where: path,
      message: `${JSON.stringify(name)} is not a node name`,
    })),
    ...doubled.map((name) => ({ code: 'cluster.doubled', where: path, message: `${name} is in the list twice` })),
  ];
}

const MARK = 'trivet.dev/operation';

function rowOf(node: Node, pods: readonly Pod[], budgets: readonly Budget[]): ClusterRow {
  const { metadata, spec, status } = node;
  const work = pods.map((pod) => workOf(pod, budgets));
  return {
    node: metadata.name,
    uid: metadata.uid ?? null,
    ready: status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
    schedulable: !spec.unschedulable,
    cordon: cordonOf(node),
    drained: spec.unschedulable && work.every(({ class: kind }) => DOES_NOT_BLOCK.has(kind)),
    work,
    allocatableGpus: gpusIn(status.allocatable),
    labels: metadata.labels,
    reason: null,
  };
}

/** Taints by which others say that they are taking the node away: cluster-autoscaler, Karpenter (v1 and before), cloud providers. */
const TAKEN_BY_OTHERS = new Set([
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
  'node.cloudprovider.kubernetes.io/shutdown',
  'node.kubernetes.io/out-of-service',
]);

/** Who cordoned a node, Kubernetes does not say: only our own mark tells. A node on its way out is others', cordoned or not. */
function cordonOf({ metadata, spec }: Node): ClusterRow['cordon'] {
  const mark = metadata.annotations[MARK] ?? null;
  const taken = spec.taints.find(({ key }) => TAKEN_BY_OTHERS.has(key))?.key;
  const who = taken ?? (metadata.deletionTimestamp === undefined ? null : 'being deleted');
  if (who !== null) return { by: 'others', who, since: null, mark };
  return spec.unschedulable ? { by: mark === null ? 'others' : 'us', who: null, since: null, mark } : null;
}

const DOES_NOT_BLOCK = new Set(['daemonset', 'mirror', 'terminal']);

function workOf(pod: Pod, budgets: readonly Budget[]): Work {
  const { metadata, spec } = pod;
  return {
    id: `${metadata.namespace}/${metadata.name}`,
    kind: 'pod',
    gang: gangOf(metadata.labels),
    gpus: spec.containers.reduce(
      (sum, { resources }) => sum + gpusIn({ ...resources?.requests, ...resources?.limits }),
      0,
    ),
    class: classOf(pod),
    protectedBy: budgets.filter((budget) => covers(budget, pod)).map(({ metadata: { name } }) => name),
  };
}

/** In the order in which `kubectl drain` filters them. */
function classOf({ metadata, status }: Pod): string {
  if (Object.hasOwn(metadata.annotations, 'kubernetes.io/config.mirror')) return 'mirror';
  if (metadata.ownerReferences.some(({ kind }) => kind === 'DaemonSet')) return 'daemonset';
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return 'terminal';
  return metadata.ownerReferences.length > 0 ? 'owned' : 'unmanaged';
}

/** Labels by which pods that stop together name their gang, widest first: JobSet, Volcano, coscheduling, Ray, Job. */
const GANG_LABELS = [
  'jobset.sigs.k8s.io/jobset-name',
  'volcano.sh/job-name',
  'scheduling.x-k8s.io/pod-group',
  'ray.io/cluster',
  'batch.kubernetes.io/job-name',
];

function gangOf(labels: Readonly<Record<string, string>>): string | null {
  const label = GANG_LABELS.find((name) => Object.hasOwn(labels, name));
  return label === undefined ? null : (labels[label] ?? null);
}

/** Extended resources of both vendors; MIG slices (`nvidia.com/mig-1g.10gb`) count as the GPU they keep busy. */
function gpusIn(resources: Readonly<Record<string, string | number>>): number {
  return Object.entries(resources)
    .filter(([name]) => name === 'nvidia.com/gpu' || name === 'amd.com/gpu' || name.startsWith('nvidia.com/mig-'))
    .reduce((sum, [, quantity]) => sum + (Number(quantity) || 0), 0);
}

/** policy/v1: an empty selector covers every pod of the namespace, a missing one none. */
function covers(budget: Budget, pod: Pod): boolean {
  const { selector } = budget.spec;
  if (budget.metadata.namespace !== pod.metadata.namespace || selector === null || selector === undefined) return false;
  return matches(selector, pod.metadata.labels);
}
