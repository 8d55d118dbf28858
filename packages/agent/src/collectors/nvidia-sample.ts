/** A complete `nvidia-smi -q -x` document made an `NvidiaSample`: every reading by the presence of elements, never by DTD number. */
import { valueOf } from '@trivet/shared/model/gpu.ts';
import type { LostGpu, NvidiaGpu, NvidiaSample } from '@trivet/shared/model/gpu.ts';
import { GPUS_MAX } from '@trivet/shared/protocol/limits.ts';
import { identifierAt, toGpu } from './nvidia-gpu.ts';
import { lostGpu } from './nvidia-list.ts';
import { parseCount, read, textAt } from './nvidia-reading.ts';
import { child } from './nvidia-xml.ts';
import type { XmlElement } from './nvidia-xml.ts';

/**
 * Makes each GPU as soon as its element is complete, and lets the element go: the tree of one GPU is all there is at a time, where that
 * of eight would be half a megabyte for V8's old heap at every poll.
 */
export class GpuFolder {
  readonly #gpus = new Map<XmlElement, NvidiaGpu>();

  /** For `readXml`. */
  readonly fold = (element: XmlElement): XmlElement => {
    if (element.name !== 'gpu' || this.#gpus.size >= GPUS_MAX || child(element, 'error_string') !== undefined)
      return element;
    const { name, attributes } = element;
    const folded = { name, attributes, text: '', children: [] };
    this.#gpus.set(folded, toGpu(element));
    return folded;
  };

  /** For `toSample`. */
  readonly gpuOf = (element: XmlElement): NvidiaGpu => this.#gpus.get(element) ?? toGpu(element);
}

export function toSample(root: XmlElement, gpuOf: (element: XmlElement) => NvidiaGpu = toGpu): NvidiaSample {
  // More than a report may carry: `attachedGpus` then tells that some are missing.
  const elements = root.children.filter(({ name }) => name === 'gpu').slice(0, GPUS_MAX);
  return {
    driverVersion: identifierAt(root, 'driver_version'),
    cudaVersion: identifierAt(root, 'cuda_version'),
    attachedGpus: valueOf(read(textAt(root, 'attached_gpus'), parseCount)) ?? null,
    gpus: withoutSharedUuids(elements.filter((gpu) => child(gpu, 'error_string') === undefined).map(gpuOf)),
    lost: [...errorStrings(root), ...elements.flatMap(errorStrings)].slice(0, GPUS_MAX),
  };
}

/** A UUID that two boards claim identifies neither: they keep their bus ids. (Serials may be shared: boards with several GPUs.) */
function withoutSharedUuids(gpus: readonly NvidiaGpu[]): NvidiaGpu[] {
  const isShared = ({ uuid }: NvidiaGpu): boolean =>
    uuid !== null && gpus.filter((gpu) => gpu.uuid === uuid).length > 1;
  return gpus.map((gpu) => (isShared(gpu) ? { ...gpu, uuid: null } : gpu));
}

/** Where even the PCI address of a GPU cannot be asked for, the tool prints an `<error_string>` in place of that GPU. */
function errorStrings(parent: XmlElement): LostGpu[] {
  const name = parent.attributes.get('id') ?? 'unnamed';
  return parent.children.filter((element) => element.name === 'error_string').map(({ text }) => lostGpu(name, text));
}
