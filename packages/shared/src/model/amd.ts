/**
 * One AMD board as amd-smi or rocm-smi describes it, in base units. A board that is partitioned (CPX and the like) shows up as
 * several logical GPUs with one PCI address: it is one board here, and its partitions are listed.
 */
import type { Reading } from './gpu.ts';

/** Since the driver was loaded. `deferred`: noticed and poisoned, not yet used by anybody. */
export interface AmdErrorCounts {
  readonly correctable: Reading<number>;
  readonly uncorrectable: Reading<number>;
  readonly deferred: Reading<number>;
}

/** A part of the chip that keeps its own error counts. */
export interface AmdRasBlock extends AmdErrorCounts {
  /** Upper case, as amd-smi names it: UMC (memory), GFX, SDMA, MMHUB, PCIE_BIF, XGMI_WAFL, … */
  readonly block: string;
}

/** Why the clocks are held back, in the words of the driver's violation counters (Instinct MI300 and later). */
export const AMD_THROTTLE_CAUSES = ['processor-hot', 'ppt', 'socket-thermal', 'vr-thermal', 'hbm-thermal'] as const;
export type AmdThrottleCause = (typeof AMD_THROTTLE_CAUSES)[number];

export interface AmdThrottle {
  readonly cause: AmdThrottleCause;
  readonly active: Reading<boolean>;
  /** Ticks of the firmware's own accumulation counter, not seconds. */
  readonly accumulated: Reading<number>;
}

/** A logical GPU as the tool numbers it; a board that is not partitioned has one. */
export interface AmdPartition {
  readonly index: number;
  readonly partitionId: number | null;
}

export interface AmdGpu {
  readonly vendor: 'amd';
  /** amd-smi: the UUID of `list`, else the chip's serial; rocm-smi: its unique id. Null for `0` and `N/A`. */
  readonly uuid: string | null;
  readonly pciBusId: string | null;
  readonly serial: string | null;
  readonly model: string | null;
  readonly vbios: string | null;
  readonly partitions: readonly AmdPartition[];
  /** SPX (whole), DPX, TPX, QPX, CPX. */
  readonly computePartition: Reading<string>;
  /** NPS1, NPS4, … */
  readonly memoryPartition: Reading<string>;
  /** Core readings whose text is an error, as `path: text`. */
  readonly errorTexts: readonly string[];
  /** ECC of the memory (block UMC). */
  readonly eccMode: Reading<boolean>;
  readonly eccTotal: AmdErrorCounts;
  readonly ras: readonly AmdRasBlock[];
  /** Counters of which the tool printed what no memory can do, as `path: text`; they are unknown above. */
  readonly implausible: readonly string[];
  readonly badPagesRetired: Reading<number>;
  readonly badPagesPending: Reading<number>;
  readonly badPagesUnreservable: Reading<number>;
  /** As many bad pages as the board may have before the driver asks for its replacement. */
  readonly badPageThreshold: Reading<number>;
  readonly badPageThresholdExceeded: Reading<boolean>;
  readonly edgeCelsius: Reading<number>;
  readonly hotspotCelsius: Reading<number>;
  readonly memoryCelsius: Reading<number>;
  readonly edgeSlowdownCelsius: Reading<number>;
  readonly hotspotSlowdownCelsius: Reading<number>;
  readonly memorySlowdownCelsius: Reading<number>;
  readonly edgeShutdownCelsius: Reading<number>;
  readonly hotspotShutdownCelsius: Reading<number>;
  readonly memoryShutdownCelsius: Reading<number>;
  readonly powerWatts: Reading<number>;
  readonly powerLimitWatts: Reading<number>;
  readonly energyJoules: Reading<number>;
  readonly utilizationRatio: Reading<number>;
  readonly memoryUtilizationRatio: Reading<number>;
  readonly memoryTotalBytes: Reading<number>;
  readonly memoryUsedBytes: Reading<number>;
  readonly memoryFreeBytes: Reading<number>;
  readonly clockGfxHertz: Reading<number>;
  readonly clockMemoryHertz: Reading<number>;
  readonly pcieLinkWidth: Reading<number>;
  readonly pcieLinkWidthMax: Reading<number>;
  readonly pcieTransfersPerSecond: Reading<number>;
  readonly pcieTransfersPerSecondMax: Reading<number>;
  /** Of the link, both ways, at this instant. */
  readonly pcieBytesPerSecond: Reading<number>;
  readonly pcieReplayTotal: Reading<number>;
  readonly pcieReplayRolloverTotal: Reading<number>;
  readonly pcieNakSentTotal: Reading<number>;
  readonly pcieNakReceivedTotal: Reading<number>;
  /** The link left L0 to recover. */
  readonly pcieRecoveryTotal: Reading<number>;
  /** Any cause, on boards without the counters of causes (`throttle_status`). Nothing is judged by it: idle boards say so, too. */
  readonly throttled: Reading<boolean>;
  readonly throttles: readonly AmdThrottle[];
  /** Since the status was last read, by anybody: 0 none, 1 one, 2 more. The driver clears it when it is read. */
  readonly xgmiErrors: Reading<number>;
  readonly xgmiLinksUp: Reading<number>;
  readonly xgmiLinksDown: Reading<number>;
  readonly fanRatio: Reading<number>;
  readonly performanceLevel: Reading<string>;
}

export type AmdTool = 'amd-smi' | 'rocm-smi';

export interface AmdSample {
  /** Which of the two answered: they do not tell the same. */
  readonly tool: AmdTool;
  readonly driverVersion: string | null;
  readonly gpus: readonly AmdGpu[];
}
