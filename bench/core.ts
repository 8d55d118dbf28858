/**
 * How long one decision takes, without reading the legs or writing the folder: `decide` and the safety check on its plan,
 * for fleets in which one node in a hundred has a hard fault. Usage: node bench/core.ts
 */
import { decide } from '@trivet/aggregator/core/plan.ts';
import { VerifiedPlan } from '@trivet/aggregator/safety/verify.ts';
import { breakNode, healthyFleet, nodeName, passInput } from '@trivet/aggregator/testing/fleet.ts';
import { median } from './median.ts';

const RUNS = 5;
const NODES_A_FAULT = 100;

for (const nodes of [1_000, 10_000, 100_000]) {
  const fleet = healthyFleet(nodes);
  for (let index = 0; index < nodes; index += NODES_A_FAULT) breakNode(fleet, nodeName(index));
  // The first pass learns what is expected and warms the code up; those after it are measured.
  const { state } = decide(passInput(fleet));
  const input = passInput(fleet, { state });
  const decideMs: number[] = [];
  const verifyMs: number[] = [];
  let planned = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const begin = performance.now();
    const { plan, refusals } = decide(input);
    const decided = performance.now();
    if (!(VerifiedPlan.verify(plan, refusals, input) instanceof VerifiedPlan))
      throw new Error('safety refused the plan');
    decideMs.push(decided - begin);
    verifyMs.push(performance.now() - decided);
    planned = plan.steps.length;
  }
  const rss = Math.round(process.memoryUsage.rss() / 1e6);
  const [decideMedian, verifyMedian] = [median(decideMs), median(verifyMs)].map((ms) => ms.toFixed(0));
  console.log(
    `${nodes} nodes: decide ${decideMedian} ms, verify ${verifyMedian} ms, ${planned} planned, ${rss} MB resident`,
  );
}
