/** The demo's policy: the defaults, with a budget that a small fleet, deliberately ill, does not use up before it begins. */
import { DEFAULT_POLICY, type Policy } from '@trivet/aggregator/core/policy.ts';

export const DEMO_POLICY: Policy = {
  ...DEFAULT_POLICY,
  unavailable: {
    percentBasisPoints: 2000,
    floor: 1,
    ceiling: null,
    why: 'a demo: about one node in eight is out or doubtful before anything fails, and some drains have to be seen',
  },
};
