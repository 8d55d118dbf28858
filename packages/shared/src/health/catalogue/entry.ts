/**
 * The shape of a catalogue entry, and how the tables of this folder are written down: one row for codes that are treated alike,
 * so that a reason is stated once. A class decides the action, except in a fault domain, where a person is told which of three.
 */
import type { Action, FaultClass, Strength, Urgency } from '../../model/finding.ts';

export interface CatalogueEntry {
  readonly code: string;
  readonly title: string;
  readonly class: FaultClass;
  readonly action: Action;
  readonly urgency: Urgency;
  readonly strength: Strength;
  /** Why we treat it so, above all where the sources disagree. */
  readonly reason: string;
  readonly source: string;
}

/** Actions that each class may carry; the first is the one it has unless a row says otherwise. */
export const CLASS_ACTIONS = {
  ignore: ['none'],
  app: ['restart-app'],
  follow: ['none'],
  decode: ['none'],
  unclassified: ['none'],
  watch: ['none'],
  config: ['none'],
  'reset-at-next-window': ['reset-at-next-window'],
  domain: ['reset-fabric', 'drain-p2p', 'recover-imex'],
  reset: ['drain-and-reset'],
  reboot: ['drain-and-reboot'],
  replace: ['drain-and-replace'],
} as const satisfies Readonly<Record<FaultClass, readonly Action[]>>;

export interface Row {
  /** What follows the prefix: numbers and ranges (`39-41 85`), or one word. */
  readonly codes: string;
  readonly title: string;
  readonly class: FaultClass;
  /** Default: the class's own. */
  readonly action?: Action;
  /** Default: `watch`. */
  readonly urgency?: Urgency;
  /** Default: `hard`. */
  readonly strength?: Strength;
  readonly reason: string;
  readonly source: string;
}

/** `39-41 85` → 39, 40, 41, 85. Anything that is not a number or a range is taken as it stands. */
function expand(codes: string): string[] {
  return codes.split(' ').flatMap((part) => {
    const range = /^(\d+)-(\d+)$/.exec(part);
    if (range === null) return [part];
    const first = Number(range[1]);
    return Array.from({ length: Number(range[2]) - first + 1 }, (_, index) => String(first + index));
  });
}

/** Rows in order: where two name one code, the first wins (an exception stands above its range). */
export function entries(prefix: string, rows: readonly Row[]): CatalogueEntry[] {
  const byCode = new Map<string, CatalogueEntry>();
  for (const row of rows) {
    for (const suffix of expand(row.codes)) {
      const code = `${prefix}.${suffix}`;
      if (byCode.has(code)) continue;
      byCode.set(code, {
        code,
        title: row.title,
        class: row.class,
        action: row.action ?? CLASS_ACTIONS[row.class][0],
        urgency: row.urgency ?? 'watch',
        strength: row.strength ?? 'hard',
        reason: row.reason,
        source: row.source,
      });
    }
  }
  return [...byCode.values()];
}
