/** Which GPUs there are, by everyone who counts, how each is judged, and who it is. */
import type { Family } from '@trivet/shared/exposition/text.ts';
import { verdict } from '@trivet/shared/health/verdict.ts';
import { VERDICTS } from '@trivet/shared/model/finding.ts';
import type { Finding, GpuRef, Verdict } from '@trivet/shared/model/finding.ts';
import type { Signal } from '@trivet/shared/model/node.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { gpuLabels } from './gpu-series.ts';
import type { Labels } from './gpu-series.ts';

export interface Judged {
  readonly samples: Samples;
  readonly findings: readonly Finding[];
  readonly signals: readonly Signal[];
  readonly expectedGpus: number | null;
}

interface Named {
  readonly ref: GpuRef;
  readonly labels: Labels;
  /** Described with error texts, or not described at all. */
  readonly isLost: boolean;
  readonly isUnread: boolean;
}

const LOST = /: GPU is (lost|inaccessible)$/i;

/** Every GPU that a tool described, and those that it only named as lost. */
function named({ nvidia, amd }: Samples): Named[] {
  const described = [...(nvidia?.gpus ?? []), ...(amd?.gpus ?? [])].map((gpu) => ({
    ref: gpu,
    labels: gpuLabels(gpu),
    isLost: gpu.errorTexts.some((text) => LOST.test(text)),
    isUnread: gpu.errorTexts.length > 0,
  }));
  const lost = (nvidia?.lost ?? [])
    .filter((gpu) => !described.some(({ ref }) => isSame(ref, gpu)) && (gpu.uuid ?? gpu.pciBusId) !== null)
    .map(({ uuid, pciBusId, kind }) => ({
      ref: { uuid, pciBusId },
      labels: { uuid: uuid ?? '', pci_bus_id: pciBusId ?? '', minor: '' },
      isLost: kind === 'lost',
      isUnread: true,
    }));
  return [...described, ...lost];
}

function isSame(a: GpuRef, b: GpuRef): boolean {
  if (a.uuid !== null && b.uuid !== null) return a.uuid === b.uuid;
  return a.pciBusId !== null && a.pciBusId === b.pciBusId;
}

/** One series for each verdict, of which one is 1: what it was before goes to 0, and does not stay for five minutes. */
function verdictSamples(labels: Labels, now: Verdict): Family['samples'] {
  return VERDICTS.map((state) => ({ labels: { ...labels, state }, value: Number(state === now) }));
}

export function healthFamilies({ samples, findings, signals }: Judged): Family[] {
  const gpus = named(samples);
  const ofGpu = ({ ref }: Named): Finding[] => findings.filter(({ gpu }) => gpu !== null && isSame(gpu, ref));
  const flag = (read: (gpu: Named) => boolean) => gpus.map((gpu) => ({ labels: gpu.labels, value: Number(read(gpu)) }));
  return [
    {
      name: 'trivet_node_health',
      type: 'gauge',
      help: 'Verdict on the node; one state is 1.',
      samples: verdictSamples({}, verdict(findings, signals)),
    },
    {
      name: 'trivet_gpu_health',
      type: 'gauge',
      help: 'Verdict on a GPU; one state is 1.',
      samples: gpus.flatMap((gpu) => verdictSamples(gpu.labels, verdict(ofGpu(gpu), signals))),
    },
    {
      name: 'trivet_gpu_lost',
      type: 'gauge',
      help: 'The tool says that the GPU is lost.',
      samples: flag((gpu) => gpu.isLost),
    },
    {
      name: 'trivet_gpu_unreadable',
      type: 'gauge',
      help: 'Core readings of the GPU are errors.',
      samples: flag((gpu) => gpu.isUnread),
    },
  ];
}

export function countFamilies({ samples: { nvidia, amd, host }, expectedGpus }: Judged): Family[] {
  const onPci = (vendor: string) => host?.pciGpus.filter((gpu) => gpu.vendor === vendor).length ?? null;
  const counts: readonly (readonly [vendor: string, source: string, gpus: number | null])[] = [
    ['nvidia', 'pci', onPci('nvidia')],
    ['nvidia', 'tool', nvidia?.attachedGpus ?? null],
    ['nvidia', 'described', nvidia?.gpus.length ?? null],
    ['amd', 'pci', onPci('amd')],
    ['amd', 'described', amd?.gpus.length ?? null],
    ['any', 'expected', expectedGpus],
  ];
  const samples = counts.flatMap(([vendor, source, gpus]) =>
    gpus === null ? [] : [{ labels: { vendor, source }, value: gpus }],
  );
  return [{ name: 'trivet_gpus', type: 'gauge', help: 'Number of GPUs, by who counts.', samples }];
}

export function infoFamilies({ nvidia, amd }: Samples): Family[] {
  const infos = [
    ...(nvidia?.gpus ?? []).map((gpu) => ({
      gpu,
      more: { gsp: gpu.gspFirmware ?? '', architecture: gpu.architecture ?? '', driver: nvidia?.driverVersion ?? '' },
    })),
    ...(amd?.gpus ?? []).map((gpu) => ({ gpu, more: { gsp: '', architecture: '', driver: amd?.driverVersion ?? '' } })),
  ];
  const samples = infos.map(({ gpu, more }) => {
    const { vendor, model, serial, vbios } = gpu;
    const labels = { vendor, model: model ?? '', serial: serial ?? '', vbios: vbios ?? '', ...more };
    return { labels: { ...gpuLabels(gpu), ...labels }, value: 1 };
  });
  return [{ name: 'trivet_gpu_info', type: 'gauge', help: 'Identity of a GPU.', samples }];
}
