/** Node rows → primary sets, read off column by column, then every derived set by its algebra. */
import { FAULT_CLASSES, type FaultClass } from '@trivet/shared/model/finding.ts';
import { DOMAIN_KINDS, type Work } from '@trivet/shared/model/observation.ts';
import type { NodeFacts } from './facts.ts';
import { hasOtherGpuCount } from './reconcile.ts';
import { DERIVED_SETS, PRIMARY_SETS, withDerived, type Sets } from './recipes.ts';

type Member = (facts: NodeFacts) => boolean;

const MEMBERS: { readonly [set: string]: Member } = {
  'inventory/all': ({ inventory }) => inventory !== null,
  'inventory/managed': ({ managed }) => managed,
  'inventory/in-service': ({ inventory }) => inventory?.lifecycle === 'in-service',
  'inventory/in-repair': ({ inventory }) => inventory?.lifecycle === 'in-repair',
  'inventory/spare': ({ inventory }) => inventory?.lifecycle === 'spare',
  'inventory/decommissioned': ({ inventory }) => inventory?.lifecycle === 'decommissioned',
  'inventory/hands-off': ({ handsOff }) => handsOff,
  'inventory/protected': ({ protectedBy }) => protectedBy !== null,
  'inventory/drain-requested': ({ inventory }) => inventory?.drainRequested === true,
  'inventory/ticketed-by-us': ({ ticketedByUs }) => ticketedByUs,
  'inventory/ticketed-by-others': ({ ticketedByOthers }) => ticketedByOthers,
  'inventory/expected': ({ expected }) => expected,
  'telemetry/reporting': ({ freshness }) => freshness === 'reporting',
  'telemetry/stale': ({ freshness }) => freshness === 'stale',
  'telemetry/silent': ({ freshness }) => freshness === 'silent',
  'telemetry/unhealthy': (facts) => isReporting(facts, 'unhealthy'),
  'telemetry/unknown': (facts) => isReporting(facts, 'unknown'),
  'telemetry/degraded': (facts) => isReporting(facts, 'degraded'),
  'telemetry/healthy': (facts) => isReporting(facts, 'healthy'),
  'telemetry/settled': ({ settled }) => settled,
  'telemetry/hard-finding': ({ hardFindings }) => hardFindings.length > 0,
  'cluster/in-service': ({ clusterState }) => clusterState === 'in-service',
  'cluster/cordoned-by-us': ({ clusterState }) => clusterState === 'cordoned-by-us',
  'cluster/cordoned-by-others': ({ clusterState }) => clusterState === 'cordoned-by-others',
  'cluster/down': ({ clusterState }) => clusterState === 'down',
  'cluster/not-ready': ({ cluster }) => cluster?.ready === false,
  'cluster/draining': ({ cluster, clusterState }) => isCordoned(clusterState) && cluster?.drained === false,
  'cluster/drained': ({ cluster, clusterState }) => isCordoned(clusterState) && cluster?.drained === true,
  'cluster/busy': ({ cluster }) => cluster?.work.some(isForeground) ?? false,
  'drift/identity-mismatch': ({ identity }) => identity === 'mismatch',
  'drift/identity-pending': ({ identity }) => identity === 'pending',
  'drift/gpu-count-mismatch': ({ telemetry, freshness, inventory }) =>
    freshness === 'reporting' && telemetry !== null && hasOtherGpuCount(telemetry, inventory),
  'drift/orphan-mark': ({ orphanMark }) => orphanMark,
  'state/on-hold': ({ hold }) => hold !== null,
  'state/in-flight': ({ inFlight }) => inFlight !== null,
  'state/lemon': ({ lemon }) => lemon,
  ...Object.fromEntries(FAULT_CLASSES.map((name) => [`fault/${name}`, (facts) => hasOpen(facts, name)] as const)),
  ...Object.fromEntries(
    DOMAIN_KINDS.map((kind) => [`drift/no-${kind}`, ({ place }) => place?.domains[kind] === undefined] as const),
  ),
} satisfies { readonly [set: string]: Member };

/** Daemons, static pods and what has ended already neither keep a node busy nor hold up a drain (as `kubectl drain` filters them). */
const BACKGROUND = new Set(['daemonset', 'mirror', 'terminal']);

export function isForeground(work: Work): boolean {
  return !BACKGROUND.has(work.class);
}

function isReporting({ freshness, verdict }: NodeFacts, wanted: NodeFacts['verdict']): boolean {
  return freshness === 'reporting' && verdict === wanted;
}

function isCordoned(state: NodeFacts['clusterState']): boolean {
  return state === 'cordoned-by-us' || state === 'cordoned-by-others';
}

/** Open findings of reporting nodes only, so that the sets partition what telemetry says now. */
function hasOpen({ freshness, telemetry }: NodeFacts, name: FaultClass): boolean {
  if (freshness !== 'reporting') return false;
  return telemetry?.findings.some((finding) => finding.state === 'open' && finding.class === name) ?? false;
}

/** Every set but those that the decision makes. `facts` sorted by node, so each set comes out sorted. */
export function deriveSets(facts: readonly NodeFacts[]): Sets {
  const primary = new Map<string, readonly string[]>();
  for (const name of PRIMARY_SETS) {
    const member = MEMBERS[name];
    if (member === undefined) throw new Error(`no rule for the primary set ${name}`);
    primary.set(
      name,
      facts.filter(member).map(({ node }) => node),
    );
  }
  return withDerived(primary, DERIVED_SETS);
}
