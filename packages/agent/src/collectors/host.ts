/** The host: which boot this is, which GPUs PCI shows whether or not a driver sees them, their drivers, memory errors and shut disks. */
import type { HostSample, KernelModule } from '@trivet/shared/model/report.ts';
import { readKernelModule } from '../os/module-state.ts';
import { readMemoryControllers } from '../os/memory-controller.ts';
import { readForcedReadOnly } from '../os/mounts.ts';
import { PROC, readBootId, readKernelRelease, readUptimeSeconds } from '../os/procfs.ts';
import { SYS, readPciDevices } from '../os/sysfs.ts';
import type { PciDevice } from '../os/sysfs.ts';
import type { Collected, Collector } from './collector.ts';

export interface HostPaths {
  readonly proc?: string;
  readonly sys?: string;
}

/** Another device at the address of one that was pulled within seconds is seen after this at the latest. */
const PCI_AGAIN_MS = 60_000;

export class HostCollector implements Collector<HostSample> {
  readonly name = 'host';
  readonly #proc: string;
  readonly #sys: string;
  readonly #nowMs: () => number;
  readonly #pci = new Map<string, PciDevice>();
  #pciReadMs = 0;

  /** `nowMs` is monotonic. */
  constructor({ proc = PROC, sys = SYS }: HostPaths = {}, nowMs: () => number = () => performance.now()) {
    this.#proc = proc;
    this.#sys = sys;
    this.#nowMs = nowMs;
  }

  async collect(): Promise<Collected<HostSample>> {
    const bootId = readBootId(this.#proc);
    if (bootId === null) return { state: 'unknown', reason: `no boot id in ${this.#proc}/sys/kernel/random` };
    const pci = this.#readPci();
    if (pci.state === 'unknown') return { state: 'unknown', reason: `PCI devices: ${pci.reason}` };
    return {
      state: 'ok',
      sample: {
        kernel: readKernelRelease(this.#proc),
        bootId,
        uptimeSeconds: readUptimeSeconds(this.#proc),
        pciGpus: pci.devices.flatMap(toGpu),
        modules: { nvidia: this.#module('nvidia'), amdgpu: this.#module('amdgpu') },
        memoryControllers: readMemoryControllers(this.#sys),
        forcedReadOnly: readForcedReadOnly(this.#proc),
      },
    };
  }

  #readPci(): ReturnType<typeof readPciDevices> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#pciReadMs >= PCI_AGAIN_MS) {
      this.#pciReadMs = nowMs;
      this.#pci.clear();
    }
    return readPciDevices(this.#sys, this.#pci);
  }

  #module(name: string): KernelModule {
    return readKernelModule(this.#sys, this.#proc, name);
  }
}

/** PCI vendor ids, and the classes (PCI Code and ID Assignment) that the vendor's GPUs have. */
const VENDORS = [
  // Display controllers: VGA (consumer and workstation boards) and 3D (data-centre boards without outputs).
  { vendor: 'nvidia', id: 0x10de, classes: [0x0300, 0x0302] },
  // The same; "other" display controller (Instinct MI100, MI200) and processing accelerator (MI300).
  { vendor: 'amd', id: 0x1002, classes: [0x0300, 0x0302, 0x0380, 0x1200] },
] as const;

function toGpu({ busId, vendor, deviceClass, isVirtualFunction }: PciDevice): HostSample['pciGpus'][number][] {
  const found = VENDORS.find(({ id }) => id === vendor);
  const isGpu = found?.classes.some((code) => code === deviceClass >> 8) === true && !isVirtualFunction;
  return isGpu ? [{ vendor: found.vendor, pciBusId: busId.toLowerCase() }] : [];
}
