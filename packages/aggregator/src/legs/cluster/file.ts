/** The cluster from a file: our own rows, or what `kubectl get nodes,pods,pdb -A -o json` printed. Read only, like every leg here. */
import type { ClusterRow, Observation } from '@trivet/shared/model/observation.ts';
import type { LegReader } from '../../core/legs.ts';
import { failedObservation, readDocument, rowsToObservation } from '../rows.ts';
import { clusterRowSchema } from '../schemas.ts';
import { isKubernetesList, kubernetesToObservation } from './kubernetes-list.ts';

export function fileCluster(path: string): LegReader<ClusterRow> {
  return { name: 'cluster-file', observe: (cluster) => observe(path, cluster) };
}

async function observe(path: string, cluster: string): Promise<Observation<ClusterRow>> {
  const read = await readDocument(path);
  if (!read.ok) return failedObservation('cluster', cluster, read.error);
  const { document } = read;
  if (isKubernetesList(document.value)) return kubernetesToObservation(document, path, cluster);
  const request = { leg: 'cluster', cluster, document, path, schema: clusterRowSchema, allowDoubled: false } as const;
  return rowsToObservation(request);
}
