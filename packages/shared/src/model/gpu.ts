/**
 * One GPU as a vendor tool describes it, in base units. A value is a number (or text) or it is unknown with a reason:
 * `N/A`, an error text in place of a number and a missing element are three reasons, and none of them is zero.
 */
import type {
  FabricHealth,
  MigDevice,
  RemapBanks,
  SlowdownCounters,
  SramSources,
  TemperatureLimits,
} from './nvidia.ts';

export type Reading<T> = { readonly value: T } | { readonly unknown: string };

/** Not supported or not applicable on this board: no information, and no fault. */
export const NOT_AVAILABLE = 'not available';
/** The element is not in the document at all. */
export const ABSENT = 'absent';

export function known<T>(reading: Reading<T>): reading is { readonly value: T } {
  return 'value' in reading;
}

export function valueOf<T>(reading: Reading<T>): T | undefined {
  return known(reading) ? reading.value : undefined;
}

/** Error counters of one lifetime: `volatile` since the driver was loaded, `aggregate` since the board was made. */
export interface EccCounts {
  readonly dramCorrectable: Reading<number>;
  readonly dramUncorrectable: Reading<number>;
  readonly sramCorrectable: Reading<number>;
  readonly sramUncorrectable: Reading<number>;
}

export interface NvidiaGpu {
  readonly vendor: 'nvidia';
  readonly uuid: string | null;
  readonly pciBusId: string | null;
  readonly serial: string | null;
  readonly model: string | null;
  readonly minorNumber: number | null;
  readonly vbios: string | null;
  readonly gspFirmware: string | null;
  /** `Hopper` */
  readonly architecture: string | null;
  /** Core readings (temperature, memory, power, clocks, utilisation, ECC, remapping) whose text is an error, as `path: text`. */
  readonly errorTexts: readonly string[];
  /** The driver's own verdict (drivers from 570): text as printed, for example `None`, `Reset`, `Drain and Reset`. */
  readonly recoveryAction: Reading<string>;
  /** Drivers 535 to 575; later ones say only `recoveryAction`. */
  readonly resetRequired: Reading<boolean>;
  readonly drainAndResetRecommended: Reading<boolean>;
  readonly eccModeCurrent: Reading<boolean>;
  readonly eccModePending: Reading<boolean>;
  readonly eccVolatile: EccCounts;
  readonly eccAggregate: EccCounts;
  readonly sramSources: SramSources;
  readonly sramThresholdExceeded: Reading<boolean>;
  readonly channelRepairPending: Reading<boolean>;
  readonly tpcRepairPending: Reading<boolean>;
  readonly unrepairableMemory: Reading<boolean>;
  readonly remappedRowsCorrectable: Reading<number>;
  readonly remappedRowsUncorrectable: Reading<number>;
  /** Remapped rows that a reset has not put into use yet (drivers from 590). */
  readonly remappedRowsCorrectableInactive: Reading<number>;
  readonly remappedRowsUncorrectableInactive: Reading<number>;
  readonly remapPending: Reading<boolean>;
  readonly remapFailure: Reading<boolean>;
  readonly remapBanks: RemapBanks;
  readonly retiredPagesSingleBit: Reading<number>;
  readonly retiredPagesDoubleBit: Reading<number>;
  readonly retirementPending: Reading<boolean>;
  readonly fabricState: Reading<string>;
  readonly fabricStatus: Reading<string>;
  /** `Healthy`, in the driver's summary. */
  readonly fabricHealth: Reading<string>;
  readonly fabricHealthDetails: FabricHealth;
  /** The NVLink domain that the GPU belongs to, and its part of it. */
  readonly fabricClusterUuid: Reading<string>;
  readonly fabricCliqueId: Reading<string>;
  readonly persistenceMode: Reading<boolean>;
  /** `Licensed (Expiry: …)`; only on boards with vGPU software. */
  readonly vgpuLicense: Reading<string>;
  /** Version of the board's own data; an error in its place means that they are corrupt. */
  readonly inforomImage: Reading<string>;
  readonly migMode: Reading<boolean>;
  readonly migModePending: Reading<boolean>;
  readonly migDevices: readonly MigDevice[];
  readonly temperatureCelsius: Reading<number>;
  readonly memoryTemperatureCelsius: Reading<number>;
  /** Degrees left to the highest temperature at which the board is meant to work (`T.Limit`, Ada and newer). */
  readonly temperatureMarginCelsius: Reading<number>;
  readonly temperatureTargetCelsius: Reading<number>;
  readonly temperatureLimitsCelsius: TemperatureLimits;
  /** The same as margins: `slowdown` -2 means that it comes at a margin of -2 degrees. */
  readonly temperatureLimitMarginsCelsius: TemperatureLimits;
  readonly powerWatts: Reading<number>;
  readonly powerLimitWatts: Reading<number>;
  readonly memoryPowerWatts: Reading<number>;
  /** Of the whole module: GPU, memory and, on a superchip, the CPU. */
  readonly modulePowerWatts: Reading<number>;
  readonly modulePowerLimitWatts: Reading<number>;
  /** 0 is the fastest (`P0`). */
  readonly performanceState: Reading<number>;
  readonly fanRatio: Reading<number>;
  readonly utilizationRatio: Reading<number>;
  readonly memoryUtilizationRatio: Reading<number>;
  readonly encoderUtilizationRatio: Reading<number>;
  readonly decoderUtilizationRatio: Reading<number>;
  readonly memoryTotalBytes: Reading<number>;
  readonly memoryUsedBytes: Reading<number>;
  readonly memoryReservedBytes: Reading<number>;
  readonly memoryFreeBytes: Reading<number>;
  readonly clockGraphicsHertz: Reading<number>;
  readonly clockSmHertz: Reading<number>;
  readonly clockMemoryHertz: Reading<number>;
  readonly clockVideoHertz: Reading<number>;
  readonly clockGraphicsMaxHertz: Reading<number>;
  readonly clockSmMaxHertz: Reading<number>;
  readonly clockMemoryMaxHertz: Reading<number>;
  readonly clockVideoMaxHertz: Reading<number>;
  readonly pcieReplayTotal: Reading<number>;
  /** Times that the replay counter has passed its end. */
  readonly pcieReplayRollovers: Reading<number>;
  readonly pcieLinkWidth: Reading<number>;
  readonly pcieLinkWidthMax: Reading<number>;
  readonly pcieLinkGen: Reading<number>;
  readonly pcieLinkGenMax: Reading<number>;
  readonly pcieLinkGenMaxDevice: Reading<number>;
  readonly pcieLinkGenMaxHost: Reading<number>;
  readonly pcieTxBytesPerSecond: Reading<number>;
  readonly pcieRxBytesPerSecond: Reading<number>;
  readonly hwSlowdown: Reading<boolean>;
  readonly hwThermalSlowdown: Reading<boolean>;
  readonly hwPowerBrake: Reading<boolean>;
  readonly swThermalSlowdown: Reading<boolean>;
  /** Normal under load. */
  readonly swPowerCap: Reading<boolean>;
  readonly clocksIdle: Reading<boolean>;
  readonly slowdown: SlowdownCounters;
}

/** A GPU that the tool named but could not describe (`Unable to determine the device handle for GPU1: GPU is lost`). */
export interface LostGpu {
  /** As the tool named it: an index, a bus id or a UUID. */
  readonly name: string;
  readonly pciBusId: string | null;
  readonly uuid: string | null;
  /** `lost` when the tool says so; `unreachable` for unknown error, time-out, no permission. */
  readonly kind: 'lost' | 'unreachable';
  readonly text: string;
}

/** A GPU that the tool lists but gave no readings of, because another one failed: present, and otherwise unknown. */
export interface ListedGpu {
  readonly uuid: string;
  readonly model: string;
}

/** What one run of `nvidia-smi -q -x` (and, when a handle fails, `-L`) told. */
export interface NvidiaSample {
  readonly driverVersion: string | null;
  readonly cudaVersion: string | null;
  /** The tool's own count, which may differ from the number of GPUs it describes. */
  readonly attachedGpus: number | null;
  readonly gpus: readonly NvidiaGpu[];
  readonly lost: readonly LostGpu[];
  readonly listed?: readonly ListedGpu[];
  /** Bus ids of the boards whose InfoROM the tool warns of. */
  readonly inforomCorrupted?: readonly string[];
}
