/** Every check there is, and one run over all of them. */
import { amdErrors } from './amd-errors.ts';
import { amdLimits } from './amd-limits.ts';
import { amdPages } from './amd-pages.ts';
import type { Absent, Check, CheckInput, Seen } from './check.ts';
import { ecc } from './ecc.ts';
import { fabric } from './fabric.ts';
import { gpuCount } from './gpu-count.ts';
import { gpuLost } from './gpu-lost.ts';
import { kernelFault } from './kernel-fault.ts';
import { recoveryAction } from './recovery-action.ts';
import { remapping } from './remapping.ts';
import { resetStatus } from './reset-status.ts';
import { retiredPages } from './retired-pages.ts';
import { hostState } from './host-state.ts';
import { infiniband } from './infiniband.ts';
import { nvlink } from './nvlink.ts';
import { pcie } from './pcie.ts';
import { settings } from './settings.ts';
import { slowdown } from './slowdown.ts';
import { site } from './site.ts';
import { sxid } from './sxid.ts';
import { temperature } from './temperature.ts';
import { xidRepeat } from './xid-repeat.ts';
import { xid } from './xid.ts';

export const CHECKS: readonly Check[] = [
  xid,
  xidRepeat,
  sxid,
  kernelFault,
  recoveryAction,
  gpuLost,
  gpuCount,
  resetStatus,
  ecc,
  remapping,
  retiredPages,
  fabric,
  slowdown,
  temperature,
  pcie,
  settings,
  nvlink,
  infiniband,
  amdErrors,
  amdPages,
  amdLimits,
  site,
  hostState,
];

/** What the ledger takes: in the order in which it happened, samples last. */
export interface CheckResult {
  readonly seen: readonly Seen[];
  readonly absent: readonly Absent[];
}

export function runChecks(input: CheckInput): CheckResult {
  const order = ({ event }: Seen) => event ?? input.events.length;
  return {
    seen: CHECKS.flatMap(({ run }) => run(input)).sort((a, b) => order(a) - order(b)),
    absent: CHECKS.flatMap(({ absent }) => absent?.(input) ?? []),
  };
}
