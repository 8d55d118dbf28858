/** An input in which nothing is seen, for tests to put something into. */
import type { CheckInput } from './check.ts';
import { EMPTY_HISTORY } from './history.ts';

export const QUIET: CheckInput = {
  samples: {},
  comparesPci: true,
  events: [],
  at: '2026-11-20T17:00:10.000Z',
  sampledAt: '2026-11-20T17:00:05.000Z',
  expectedGpus: null,
  mostGpusSeen: 0,
  history: EMPTY_HISTORY,
  open: [],
  driverVersion: null,
  toldVendors: new Set(),
  pciVendors: new Set(),
  gpuBusIds: new Set(),
};
