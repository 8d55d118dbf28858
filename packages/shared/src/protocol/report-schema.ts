/** The shapes of `model/` as they travel in a report, for the receiver. Fields that are not known are dropped, not refused: agents are upgraded first. */
import { z } from 'zod';
import { ACTIONS, EVIDENCE_MAX, EVIDENCE_TEXT_MAX, FAULT_CLASSES, STRENGTHS, URGENCIES } from '../model/finding.ts';
import { amdSample } from './amd-schema.ts';
import { COLLECTORS_MAX, FINDINGS_MAX, GPUS_MAX, MEMORY_CONTROLLERS_MAX } from './limits.ts';
import { infinibandSample } from './infiniband-schema.ts';
import { nvidiaSample } from './nvidia-schema.ts';
import { nvlinkSample } from './nvlink-schema.ts';
import { siteSample } from './site-schema.ts';
import { count, id, name, text, time } from './primitives.ts';

const kernelModule = z.object({
  state: z.enum(['live', 'built-in', 'loading', 'unloading', 'absent', 'unknown']),
  version: name,
});

const hostSample = z.object({
  kernel: name,
  bootId: id,
  uptimeSeconds: z.number().min(0).nullable(),
  pciGpus: z
    .array(z.object({ vendor: z.enum(['nvidia', 'amd']), pciBusId: id }))
    .max(GPUS_MAX)
    .readonly(),
  modules: z.object({ nvidia: kernelModule, amdgpu: kernelModule }),
  memoryControllers: z
    .array(z.object({ name: id, corrected: count, uncorrected: count }))
    .max(MEMORY_CONTROLLERS_MAX)
    .readonly(),
  forcedReadOnly: z.array(text).max(COLLECTORS_MAX).readonly().nullable(),
});

const toolsSample = z.object({
  hung: z
    .array(z.object({ tool: id, since: time, pid: count.nullable(), processState: z.string().max(1).nullable() }))
    .max(COLLECTORS_MAX)
    .readonly(),
});

const samples = z.object({
  nvidia: nvidiaSample.exactOptional(),
  nvlink: nvlinkSample.exactOptional(),
  amd: amdSample.exactOptional(),
  site: siteSample.exactOptional(),
  infiniband: infinibandSample.exactOptional(),
  tools: toolsSample.exactOptional(),
  host: hostSample.exactOptional(),
});

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
