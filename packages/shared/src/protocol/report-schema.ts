/** The shapes of `model/` as they travel in a report, for the receiver. Fields that are not known are dropped, not refused: agents are upgraded first. */
import { z } from 'zod';
import { ACTIONS, EVIDENCE_MAX, EVIDENCE_TEXT_MAX, FAULT_CLASSES, STRENGTHS, URGENCIES } from '../model/finding.ts';
import { COLLECTORS_MAX, FINDINGS_MAX, GPUS_MAX, ID_MAX, TEXT_MAX } from './limits.ts';

// A control byte in an identifier would reach file names, tables and terminals.
const PRINTABLE = /^[^\p{Cc}]*$/u;

export const id = z.string().min(1).max(ID_MAX).regex(PRINTABLE, 'has a control character: send the identifier alone');
export const text = z.string().max(TEXT_MAX);
export const time = z.iso.datetime('is not a UTC time: send ISO 8601 with Z, 2026-11-20T17:00:00.123Z');
const name = z.string().max(ID_MAX).regex(PRINTABLE, 'has a control character: send the name alone').nullable();
const count = z.int().min(0);

function reading<T extends z.ZodType>(value: T) {
  // Strict: with both keys, or neither, it would be read as whichever came first.
  const shapes = [z.strictObject({ value }), z.strictObject({ unknown: text })] as const;
  return z.union(shapes, 'is not a reading: send {"value": …} or {"unknown": "the reason"}');
}
const numberReading = reading(z.number());
const booleanReading = reading(z.boolean());
const textReading = reading(text);

const eccCounts = z.object({
  dramCorrectable: numberReading,
  dramUncorrectable: numberReading,
  sramCorrectable: numberReading,
  sramUncorrectable: numberReading,
});

const nvidiaGpu = z.object({
  vendor: z.literal('nvidia'),
  uuid: name,
  pciBusId: name,
  serial: name,
  model: name,
  minorNumber: count.nullable(),
  vbios: name,
  errorTexts: z.array(text).max(256).readonly(),
  recoveryAction: textReading,
  resetRequired: booleanReading,
  drainAndResetRecommended: booleanReading,
  eccModeCurrent: booleanReading,
  eccModePending: booleanReading,
  eccVolatile: eccCounts,
  eccAggregate: eccCounts,
  sramThresholdExceeded: booleanReading,
  channelRepairPending: booleanReading,
  tpcRepairPending: booleanReading,
  unrepairableMemory: booleanReading,
  remappedRowsCorrectable: numberReading,
  remappedRowsUncorrectable: numberReading,
  remapPending: booleanReading,
  remapFailure: booleanReading,
  retiredPagesSingleBit: numberReading,
  retiredPagesDoubleBit: numberReading,
  retirementPending: booleanReading,
  fabricState: textReading,
  fabricStatus: textReading,
  fabricHealth: textReading,
  persistenceMode: booleanReading,
  migMode: booleanReading,
  temperatureCelsius: numberReading,
  memoryTemperatureCelsius: numberReading,
  powerWatts: numberReading,
  powerLimitWatts: numberReading,
  utilizationRatio: numberReading,
  memoryUtilizationRatio: numberReading,
  memoryTotalBytes: numberReading,
  memoryUsedBytes: numberReading,
  memoryReservedBytes: numberReading,
  memoryFreeBytes: numberReading,
  clockSmHertz: numberReading,
  clockMemoryHertz: numberReading,
  pcieReplayTotal: numberReading,
  pcieLinkWidth: numberReading,
  pcieLinkWidthMax: numberReading,
  pcieLinkGen: numberReading,
  pcieLinkGenMax: numberReading,
  hwSlowdown: booleanReading,
  hwThermalSlowdown: booleanReading,
  hwPowerBrake: booleanReading,
  swThermalSlowdown: booleanReading,
});

const lostGpu = z.object({
  name: z.string().max(ID_MAX),
  pciBusId: name,
  uuid: name,
  kind: z.enum(['lost', 'unreachable']),
  text,
});

const listedGpu = z.object({ uuid: id, model: z.string().max(ID_MAX) });

const nvidiaSample = z.object({
  driverVersion: name,
  cudaVersion: name,
  attachedGpus: count.nullable(),
  gpus: z.array(nvidiaGpu).max(GPUS_MAX).readonly(),
  lost: z.array(lostGpu).max(GPUS_MAX).readonly(),
  listed: z.array(listedGpu).max(GPUS_MAX).readonly().exactOptional(),
});

const hostSample = z.object({
  kernel: name,
  bootId: id,
  uptimeSeconds: z.number().min(0).nullable(),
  pciGpus: z
    .array(z.object({ vendor: z.enum(['nvidia', 'amd']), pciBusId: id }))
    .max(GPUS_MAX)
    .readonly(),
});

const samples = z.object({ nvidia: nvidiaSample.exactOptional(), host: hostSample.exactOptional() });

export const finding = z.object({
  id,
  gpu: z.object({ uuid: name, pciBusId: name }).nullable(),
  class: z.enum(FAULT_CLASSES),
  code: id,
  strength: z.enum(STRENGTHS),
  action: z.enum(ACTIONS),
  urgency: z.enum(URGENCIES),
  state: z.enum(['open', 'closed']),
  firstSeen: time,
  lastSeen: time,
  count,
  evidence: z
    .array(z.object({ at: time, source: id, text: z.string().max(EVIDENCE_TEXT_MAX) }))
    .max(EVIDENCE_MAX)
    .readonly(),
  rule: text,
});

export const signal = z.object({
  name: id,
  state: z.enum(['ok', 'unknown', 'failed']),
  // A sense that does not say is one that the node cannot do without.
  required: z.boolean().default(true),
  reason: text.nullable(),
  ageMs: z.number().min(0).nullable(),
});

export const hardware = z.object({
  serial: name,
  gpus: z
    .array(z.object({ uuid: name, pciBusId: name, serial: name, model: name }))
    .max(GPUS_MAX)
    .readonly(),
});

export const report = z.object({
  reportId: id,
  takenAt: time,
  reason: z.enum(['interval', 'finding', 'asked']),
  samples,
  findings: z.array(finding).max(FINDINGS_MAX).readonly(),
  collectors: z.array(signal).max(COLLECTORS_MAX).readonly(),
});
