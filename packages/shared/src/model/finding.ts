/**
 * What is wrong with a GPU or a node, as seen there. The agent says what was seen and whether it is still open; what to do
 * about it (class, action, urgency) is read from the fault catalogue, so that one table decides it everywhere.
 */

/** The action ladder, weakest first. `none` is shown and counted, and changes nothing. */
export const ACTIONS = [
  'none',
  'restart-app',
  'reset-at-next-window',
  'drain-p2p',
  'recover-imex',
  'reset-fabric',
  'drain-and-reset',
  'drain-and-reboot',
  'drain-and-replace',
] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * How a fault has to be treated. A closed list, because each is also the name of a set (`fault/<class>`).
 * `follow` attaches to its root cause and condemns nobody alone; `decode` needs its details read before it means anything;
 * `domain` concerns a fabric or its peers and is for a person; `unclassified` is a code that the catalogue does not know.
 */
export const FAULT_CLASSES = [
  'ignore',
  'app',
  'follow',
  'decode',
  'unclassified',
  'watch',
  'config',
  'reset-at-next-window',
  'domain',
  'reset',
  'reboot',
  'replace',
] as const;
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** `now`: work there is lost or corrupt already; `soon`: cordon and wait for the jobs; `watch`: look at it, touch nothing. */
export const URGENCIES = ['now', 'soon', 'watch'] as const;
export type Urgency = (typeof URGENCIES)[number];

/** A hard fault stands alone; a soft one needs repetition or a second independent signal before anything is drained for it. */
export const STRENGTHS = ['hard', 'soft'] as const;
export type Strength = (typeof STRENGTHS)[number];

/** Either half may be missing: a kernel line names the bus id only, and a GPU off the bus has lost its UUID. */
export interface GpuRef {
  readonly uuid: string | null;
  /** Normalised: lower case, 4-digit domain unless it needs more, `0000:1b:00.0`. */
  readonly pciBusId: string | null;
}

export interface Evidence {
  /** ISO 8601, UTC, by the node's clock. */
  readonly at: string;
  /** The collector behind it: its freshness is the finding's freshness. */
  readonly source: string;
  /** The line or value as it was read, cut to EVIDENCE_TEXT_MAX characters. */
  readonly text: string;
}

/** A kernel line is at most 1 KiB (LOG_LINE_MAX in the kernel's printk.c), an XML value far less; longer is noise or hostile. */
export const EVIDENCE_TEXT_MAX = 1024;
/** First and newest matter, those between are counted: bounds a report at about 5 KiB a finding. */
export const EVIDENCE_MAX = 4;

export interface Finding {
  /** Hash of node, GPU (UUID, else bus id), class, code and boot id: the same fault after a reboot is another finding. */
  readonly id: string;
  /** Null for a finding about the node as a whole. */
  readonly gpu: GpuRef | null;
  readonly class: FaultClass;
  /** `xid.79`, `sxid.20034`, `recovery-action.2`, `remap.failure`, …: a key of the catalogue. */
  readonly code: string;
  readonly strength: Strength;
  readonly action: Action;
  readonly urgency: Urgency;
  readonly state: 'open' | 'closed';
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly count: number;
  readonly evidence: readonly Evidence[];
  /** Why the catalogue says so, with its source. */
  readonly rule: string;
}

export type Verdict = 'healthy' | 'degraded' | 'unhealthy' | 'unknown';
export const VERDICTS = ['healthy', 'degraded', 'unhealthy', 'unknown'] as const satisfies readonly Verdict[];

/** Rank on the ladder, 0 for `none`. */
export function actionRank(action: Action): number {
  return ACTIONS.indexOf(action);
}
