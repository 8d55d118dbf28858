import { describe, expect, it } from 'vitest';
import type { ClusterRow } from '@trivet/shared/model/observation.ts';
import { decide } from '../core/plan.ts';
import { clusterRow, healthyFleet, nodeName, observationsOf, passInput } from '../testing/fleet.ts';
import { shortName, withShortNames } from './short-names.ts';

const DOMAINS = ['example', 'sjc.example'];

describe('short names', () => {
  it.each([
    ['gpu-1', 'gpu-1'],
    ['gpu-1.sjc.example', 'gpu-1'],
    ['gpu-1.fra.example', 'gpu-1.fra'],
    ['gpu-1.other', 'gpu-1.other'],
    ['sjc.example', 'sjc'],
    ['.example', '.example'],
    ['gpu-1.notsjc.example', 'gpu-1.notsjc'],
  ])('%s is %s', (node, short) => {
    expect(shortName(node, DOMAINS)).toBe(short);
  });

  it('joins legs that write names differently', async () => {
    const fleet = healthyFleet(8);
    const cluster = await shortened(fleet.cluster.map((row) => ({ ...row, node: `${row.node}.sjc.example` })));
    const { sets } = decide(passInput({ ...fleet, cluster }));
    expect(sets.get('cluster/in-service')).toEqual(fleet.inventory.map(({ node }) => node));
    expect(sets.get('drift/cluster-only')).toEqual([]);
  });

  it('makes two machines of one name a leg that cannot be trusted', async () => {
    const fleet = healthyFleet(8);
    const twin = { ...clusterRow(nodeName(0)), node: `${nodeName(0)}.example` };
    const cluster = await shortened([...fleet.cluster, twin]);
    expect(decide(passInput({ ...fleet, cluster })).plan.withheld.map(({ code }) => code)).toEqual(['leg-incomplete']);
  });
});

async function shortened(rows: readonly ClusterRow[]): Promise<ClusterRow[]> {
  const observation = { ...observationsOf(healthyFleet(0)).cluster, rows };
  const reader = withShortNames({ name: 'test', observe: () => Promise.resolve(observation) }, DOMAINS);
  return [...(await reader.observe('test')).rows];
}
