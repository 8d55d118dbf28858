/** The PCIe link as it is under load: at rest fewer lanes and a lower generation save power and mean nothing. */
import { valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';

/** Busy enough that the link has been brought up; what is shown at lower use may be from before. */
const LOADED_RATIO = 0.3;
const AT_REST = { unknown: 'not under load' };

function isLoaded({ utilizationRatio, performanceState }: NvidiaGpu): boolean {
  return (valueOf(utilizationRatio) ?? 0) >= LOADED_RATIO && (valueOf(performanceState) ?? 0) <= 2;
}

export function widthUnderLoad(gpu: NvidiaGpu): Reading<number> {
  return isLoaded(gpu) ? gpu.pcieLinkWidth : AT_REST;
}

export function generationUnderLoad(gpu: NvidiaGpu): Reading<number> {
  return isLoaded(gpu) ? gpu.pcieLinkGen : AT_REST;
}
