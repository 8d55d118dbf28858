/**
 * Readings of an NVIDIA GPU that belong together, as sub-objects of `NvidiaGpu`. Most boards have a part of them only; what a board
 * does not have is unknown with a reason, like every reading.
 */
import type { Reading } from './gpu.ts';

/** Where uncorrectable SRAM errors of the board's life were (Ampere and newer, drivers from 535). */
export interface SramSources {
  readonly l2: Reading<number>;
  readonly sm: Reading<number>;
  readonly microcontroller: Reading<number>;
  readonly pcie: Reading<number>;
  readonly other: Reading<number>;
}

/** Memory banks by the spare rows that they have left: all of them, most, some, one, none. */
export interface RemapBanks {
  readonly max: Reading<number>;
  readonly high: Reading<number>;
  readonly partial: Reading<number>;
  readonly low: Reading<number>;
  readonly none: Reading<number>;
}

/** What the fabric's health is summed up from (drivers from 570). */
export interface FabricHealth {
  /** `Full`, `Degraded` */
  readonly bandwidth: Reading<string>;
  readonly routeUnhealthy: Reading<boolean>;
  readonly routeRecoveryInProgress: Reading<boolean>;
  readonly accessTimeoutRecovery: Reading<boolean>;
  /** `None`, or what is configured wrongly. */
  readonly incorrectConfiguration: Reading<string>;
}

/** Time spent below the wanted clocks, by cause, since the driver was loaded; in microseconds. */
export interface SlowdownCounters {
  readonly swPowerCapUs: Reading<number>;
  readonly syncBoostUs: Reading<number>;
  readonly swThermalUs: Reading<number>;
  readonly hwThermalUs: Reading<number>;
  readonly hwPowerBrakeUs: Reading<number>;
}

/** One temperature for each thing that happens at it. */
export interface TemperatureLimits {
  readonly shutdown: Reading<number>;
  readonly slowdown: Reading<number>;
  /** Highest at which the board is meant to work. */
  readonly gpuMax: Reading<number>;
  readonly memoryMax: Reading<number>;
}

/** One part of a GPU that is divided (MIG). */
export interface MigDevice {
  readonly index: number | null;
  readonly gpuInstanceId: number | null;
  readonly computeInstanceId: number | null;
  /** Only where the tool's list of GPUs was asked for: the document does not tell it. */
  readonly uuid: string | null;
  /** `1g.10gb`; from the same list. */
  readonly profile: string | null;
  readonly memoryTotalBytes: Reading<number>;
  readonly memoryUsedBytes: Reading<number>;
  /** Since the driver was loaded. */
  readonly sramUncorrectable: Reading<number>;
}
