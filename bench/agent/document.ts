/**
 * What `nvidia-smi -q -x` prints on a node of eight data-centre GPUs: the fake document of the simulator, filled up to the size
 * of a real one. Measured on a capture of eight B200 (driver 580): 357 kB, of each GPU's 44 kB three quarters are its
 * table of clocks (494 lines), and some 260 elements are outside of it.
 */
import { fakeDocument } from '@trivet/simulator/fake-nvidia-document.ts';
import type { FakeGpuWorld } from '@trivet/simulator/fake-nvidia-smi.ts';

const CLOCK_LINES = 494;
/** Sections that the fake document leaves out, with the number of their elements: about what it lacks of the 260. */
const SECTIONS = {
  clocks_event_reasons_counters: 5,
  module_power_readings: 9,
  applications_clocks: 2,
  default_applications_clocks: 2,
  max_clocks: 4,
  max_customer_boost_clocks: 1,
  encoder_stats: 3,
  fbc_stats: 3,
  bar1_memory_usage: 3,
  cc_protected_memory_usage: 3,
  inforom_version: 4,
  power_smoothing: 20,
  platform_info: 7,
  gpu_virtualization_mode: 4,
  ecc_sources: 24,
  remapper_histogram: 5,
} as const;

export function benchWorld(): FakeGpuWorld {
  const gpus = Array.from({ length: 8 }, (_, index) => ({
    uuid: `GPU-0000000${index}-0000-4000-8000-000000000000`,
    pciBusId: busIdOf(index),
    serial: `165012345678${index}`,
    model: 'NVIDIA B200',
    minorNumber: index,
  }));
  return { driverVersion: '580.105.08', cudaVersion: '13.0', gpus };
}

export function busIdOf(gpu: number): string {
  return `0000:${(0x1b + 0x10 * gpu).toString(16).padStart(2, '0')}:00.0`;
}

/** `fill` false: the simulator's document as it is. */
export function benchDocument(world: FakeGpuWorld, fill = true): string {
  const text = fakeDocument(world);
  return fill ? text.replaceAll('\n\t</gpu>', `\n${filling()}\n\t</gpu>`) : text;
}

function filling(): string {
  const sections = Object.entries(SECTIONS).map(([name, count]) => {
    const lines = Array.from({ length: count }, (_, index) => `\t\t\t<${name}_${index}>N/A</${name}_${index}>`);
    return [`\t\t<${name}>`, ...lines, `\t\t</${name}>`].join('\n');
  });
  const clocks = Array.from(
    { length: CLOCK_LINES },
    (_, index) => `\t\t\t\t<supported_graphics_clock>${2100 - index} MHz</supported_graphics_clock>`,
  );
  const table = ['\t\t<supported_clocks>', ...clocks, '\t\t</supported_clocks>'].join('\n');
  return [...sections, table].join('\n');
}

/** `nvidia-smi nvlink`: so many lines for each of the 18 links of each GPU. */
export function nvlinkText({ gpus }: FakeGpuWorld, lines: readonly string[]): string {
  const links = Array.from({ length: LINKS }, (_, link) => lines.map((line) => `\t Link ${link}: ${line}\n`).join(''));
  return gpus.map(({ model, uuid }, gpu) => `GPU ${gpu}: ${model} (UUID: ${uuid})\n${links.join('')}`).join('');
}
const LINKS = 18;
