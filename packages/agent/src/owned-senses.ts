/** The daemon's senses, made from its settings and from where it was when it ended. */
import { parseSiteCode } from '@trivet/shared/model/site.ts';
import type { StateKeeper } from './agent-state.ts';
import type { Senses } from './check-node.ts';
import { findings } from './checks/ledger.ts';
import { HostCollector } from './collectors/host.ts';
import { KernelLogCollector } from './collectors/kernel-log.ts';
import { SiteChecks } from './collectors/site-checks.ts';
import type { AgentConfig } from './config.ts';
import { REPORT } from './outputs/answers.ts';
import { createSenses, siteSense } from './senses.ts';

/** With what lets go of their files. */
export interface OwnedSenses {
  readonly senses: Senses;
  /** Null: none are configured. */
  readonly site: SiteChecks | null;
  readonly close: () => void;
}

export interface SensesDeps {
  readonly nowMs?: () => number;
  readonly acceptUserFacility?: boolean;
}

export function ownedSenses(config: AgentConfig, keeper: StateKeeper, deps: SensesDeps): OwnedSenses {
  const { nowMs = Date.now, acceptUserFacility = false } = deps;
  const cursor = keeper.state.kernelCursor;
  const kernelLog = new KernelLogCollector({ path: config.kernelLog, cursor, acceptUserFacility });
  const site = siteChecks(config, keeper, nowMs);
  const others = [...createSenses(config), ...(site === null ? [] : [siteSense(site, config.siteChecksRequired)])];
  return { senses: { host: new HostCollector(), kernelLog, others }, site, close: () => kernelLog.close() };
}

/** Also without a folder, where one was configured before: what its checks said then has to end. */
function siteChecks(config: AgentConfig, keeper: StateKeeper, nowMs: () => number): SiteChecks | null {
  const { siteChecksDir: dir, siteCheckMs: everyMs, siteCheckTimeoutMs: timeoutMs, node } = config;
  const isOwed = findings(keeper.state.ledger).some(({ code }) => parseSiteCode(code) !== null);
  if (dir === null && !isOwed) return null;
  return new SiteChecks({ dir, node, everyMs, timeoutMs, nowMs, reserved: [REPORT] });
}
