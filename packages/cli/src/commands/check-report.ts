/** How `trivet check` says what it found: the verdict in one line first, for people; or one object, for programs. */
import type { Assessment, NodeObservation } from '@trivet/agent/check-node.ts';
import { KERNEL_LOG } from '@trivet/agent/checks/check.ts';
import { catalogueEntry } from '@trivet/shared/health/catalogue/index.ts';
import { strongest } from '@trivet/shared/health/verdict.ts';
import type { AmdGpu } from '@trivet/shared/model/amd.ts';
import { valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu } from '@trivet/shared/model/gpu.ts';
import type { Action, Finding, GpuRef } from '@trivet/shared/model/finding.ts';
import type { Signal } from '@trivet/shared/model/node.ts';
import { printable, table } from '../table.ts';

export interface CheckReport {
  readonly node: string;
  readonly observation: NodeObservation;
  readonly assessment: Assessment;
}

/** For a person in front of the machine; in a fleet the aggregator decides when. */
const WHAT_TO_DO: Readonly<Record<Action, string>> = {
  none: 'nothing now: look at it again',
  'restart-app': 'restart the application that it names',
  'reset-at-next-window': 'reset the GPU when the node is next idle',
  'drain-p2p': 'stop peer-to-peer work on this GPU, then ask who runs the fabric',
  'recover-imex': 'recover the IMEX domain: it spans several nodes',
  'reset-fabric': 'reset the NVLink fabric: all GPUs of its switches at once',
  'drain-and-reset': 'drain the node, then reset the GPU (nvidia-smi --gpu-reset, amd-smi reset --gpureset)',
  'drain-and-reboot': 'drain the node, then reboot it',
  'drain-and-replace': 'drain the node, then have the board replaced',
};

interface GpuRow {
  readonly index: number | null;
  readonly model: string | null;
  readonly pciBusId: string | null;
  readonly uuid: string | null;
  /** `ok`, the strongest open finding's code, or why nothing is known. */
  readonly state: string;
  readonly temperatureCelsius: number | null;
}

const ON_PCI = 'on PCI, not described';

/** Every GPU that anybody named: described, lost, listed only, or on PCI only. */
function gpuRows({ observation, assessment }: CheckReport): GpuRow[] {
  const { nvidia, amd, host } = observation.comparable;
  const described = [
    ...(nvidia?.gpus ?? []).map((gpu, index) => describedRow(gpu, index, assessment.findings)),
    ...(amd?.gpus ?? []).map((gpu) => amdRow(gpu, assessment.findings)),
  ];
  const unread = { index: null, temperatureCelsius: null };
  const lost = (nvidia?.lost ?? [])
    .filter(({ pciBusId }) => pciBusId === null || !described.some((row) => row.pciBusId === pciBusId))
    .map(({ name, pciBusId, uuid, kind }) => ({ ...unread, model: `GPU ${name}`, pciBusId, uuid, state: kind }));
  const listed = (nvidia?.listed ?? []).map(({ uuid, model }) => ({
    ...unread,
    model,
    pciBusId: null,
    uuid,
    state: 'listed, not described',
  }));
  const named = [...described, ...lost, ...listed];
  const onPci = (host?.pciGpus ?? [])
    .filter(({ pciBusId }) => !named.some((row) => row.pciBusId === pciBusId))
    .map(({ vendor, pciBusId }) => ({ ...unread, model: vendor, pciBusId, uuid: null, state: ON_PCI }));
  // Rows without a bus id are some of those on PCI: only what is more than they are is another GPU.
  return onPci.length > named.filter(({ pciBusId }) => pciBusId === null).length ? [...named, ...onPci] : named;
}

function gpuCount({ observation }: CheckReport, rows: readonly GpuRow[]): number {
  const onPci = observation.comparable.host?.pciGpus.length ?? 0;
  return Math.max(onPci, rows.filter(({ state }) => state !== ON_PCI).length);
}

function describedRow(gpu: NvidiaGpu, index: number, findings: readonly Finding[]): GpuRow {
  const { model, pciBusId, uuid } = gpu;
  const worst = strongest(findings.filter((finding) => isOf(finding.gpu, gpu)));
  const temperatureCelsius = valueOf(gpu.temperatureCelsius) ?? null;
  return { index, model, pciBusId, uuid, state: worst?.code ?? 'ok', temperatureCelsius };
}

/** A partitioned board is one row: its partitions share what can break. */
function amdRow(gpu: AmdGpu, findings: readonly Finding[]): GpuRow {
  const { pciBusId, uuid, partitions } = gpu;
  const worst = strongest(findings.filter((finding) => isOf(finding.gpu, gpu)));
  const kind = valueOf(gpu.computePartition) ?? '';
  const model =
    partitions.length > 1 ? `${gpu.model ?? 'AMD GPU'} (${partitions.length} partitions, ${kind})` : gpu.model;
  const index = partitions[0]?.index ?? null;
  // Boards of the data centre have no sensor at the edge.
  const temperatureCelsius = valueOf(gpu.edgeCelsius) ?? valueOf(gpu.hotspotCelsius) ?? null;
  return { index, model, pciBusId, uuid, state: worst?.code ?? 'ok', temperatureCelsius };
}

function isOf(ref: GpuRef | null, gpu: GpuRef): boolean {
  if (ref === null) return false;
  return ref.uuid !== null && gpu.uuid !== null ? ref.uuid === gpu.uuid : ref.pciBusId === gpu.pciBusId;
}

export function checkJson(report: CheckReport): object {
  const { node, observation, assessment } = report;
  return {
    schema: 'trivet.check/v1',
    node,
    takenAt: observation.at,
    verdict: assessment.verdict,
    gpus: gpuRows(report),
    findings: assessment.findings.map((finding) => ({ ...finding, whatToDo: WHAT_TO_DO[finding.action] })),
    signals: observation.signals,
    samples: observation.samples,
  };
}

export function checkText(report: CheckReport): string {
  const rows = gpuRows(report);
  const gpus = rows.map(({ index, model, pciBusId, uuid, temperatureCelsius, state }) => [
    index === null ? '' : String(index),
    model ?? '',
    pciBusId ?? '',
    uuid ?? '',
    temperatureCelsius === null ? '' : `${temperatureCelsius} C`,
    state,
  ]);
  const sections = [
    [summary(report, gpuCount(report, rows))],
    rows.length === 0 ? [] : table(['GPU', 'MODEL', 'BUS ID', 'UUID', 'TEMP', 'STATE'], gpus),
    ...report.assessment.findings.map(findingLines),
    table(['SOURCE', 'STATE', 'REQUIRED', 'REASON'], report.observation.signals.map(signalRow)),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** The verdict, and why in as few words. */
function summary({ assessment, observation }: CheckReport, gpus: number): string {
  const { verdict, findings } = assessment;
  const worst = strongest(findings);
  const blind = observation.signals.filter(({ required, state }) => required && state !== 'ok');
  const none = blind.some(({ name }) => name !== KERNEL_LOG) ? 'number of GPUs not known' : 'no GPU';
  const count = gpus === 0 ? none : `${gpus} GPU${gpus === 1 ? '' : 's'}`;
  const parts = [`${verdict}: ${count}`];
  if (worst !== null) parts.push(`${worst.code} (${catalogueEntry(worst.code).title}): ${WHAT_TO_DO[worst.action]}`);
  if (blind.length > 0) parts.push(`could not tell: ${blind.map(({ name }) => name).join(', ')}`);
  return printable(parts.join('; '));
}

function findingLines(finding: Finding): string[] {
  const { code, gpu, class: faultClass, action, urgency, strength, evidence, count, rule } = finding;
  const where = gpu === null ? 'node' : `GPU ${gpu.pciBusId ?? gpu.uuid ?? 'unnamed'}`;
  return [
    `${code}  ${catalogueEntry(code).title} (${where})`,
    `  class ${faultClass}, action ${action}, urgency ${urgency}, ${strength} evidence, seen ${count} time${count === 1 ? '' : 's'}`,
    ...evidence.map(({ at, source, text }) => `  ${at} ${source}: ${shortened(text)}`),
    `  why    ${rule}`,
    `  do     ${WHAT_TO_DO[action]}`,
  ].map(printable);
}

/** A lost GPU has twenty readings that say so; `--json` has them all. */
const EVIDENCE_SHOWN = 240;
function shortened(text: string): string {
  return text.length <= EVIDENCE_SHOWN ? text : `${text.slice(0, EVIDENCE_SHOWN)}…`;
}

function signalRow({ name, state, required, reason }: Signal): string[] {
  const isSkipped = name === KERNEL_LOG && state !== 'ok' && !required;
  const text = isSkipped ? `xid: not checked: ${reason ?? 'no reason given'}` : (reason ?? '');
  return [name, isSkipped ? 'not checked' : state, required ? 'yes' : 'no', text];
}
