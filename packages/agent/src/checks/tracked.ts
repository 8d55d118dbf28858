/** Which readings `history.ts` keeps: a closed list, because each costs memory for every GPU. */
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';
import { memoryCorrected } from './host-values.ts';
import { linkDowned, portRate, portUp } from './infiniband-values.ts';
import { activeLinks, correctedPackets, lostPackets, recoveries } from './nvlink-values.ts';
import { generationUnderLoad, widthUnderLoad } from './pcie-values.ts';
import { HOT, hotness } from './amd-heat-values.ts';
import { amdValues, nvidiaValues } from './series.ts';
import type { Baseline, Track } from './series.ts';
import { memoryOverLimit, slowdownOverLimit } from './temperature-values.ts';

function nvidia(reading: string, read: (gpu: NvidiaGpu) => Reading<number> | Reading<boolean>): Track {
  return (samples) => nvidiaValues(samples, reading, read);
}

/** Kept in memory for some minutes. */
export const TRACKED: readonly Track[] = [
  nvidia('utilization', (gpu) => gpu.utilizationRatio),
  nvidia('hw-slowdown', (gpu) => gpu.hwSlowdown),
  nvidia('hw-thermal', (gpu) => gpu.hwThermalSlowdown),
  nvidia('hw-thermal-us', (gpu) => gpu.slowdown.hwThermalUs),
  nvidia('hw-power-brake', (gpu) => gpu.hwPowerBrake),
  nvidia('hw-power-brake-us', (gpu) => gpu.slowdown.hwPowerBrakeUs),
  nvidia('over-slowdown-celsius', slowdownOverLimit),
  nvidia('memory-over-limit-celsius', memoryOverLimit),
  nvidia('persistence', (gpu) => gpu.persistenceMode),
  nvidia('pcie-replays', (gpu) => gpu.pcieReplayTotal),
  nvidia('pcie-width-under-load', widthUnderLoad),
  nvidia('pcie-generation-under-load', generationUnderLoad),
  memoryCorrected,
  lostPackets,
  portUp,
  linkDowned,
  portRate,
  correctedPackets,
  recoveries,
  (samples) => amdValues(samples, 'amd-correctable', (gpu) => gpu.eccTotal.correctable),
  (samples) => amdValues(samples, HOT, hotness),
  (samples) => amdValues(samples, 'amd-pcie-replay', (gpu) => gpu.pcieReplayTotal),
];

/** The best that a board ever showed, kept on disk. */
export const BASELINES: readonly Baseline[] = [
  { track: nvidia('pcie-width', (gpu) => gpu.pcieLinkWidth), keep: Math.max },
  { track: nvidia('pcie-generation', (gpu) => gpu.pcieLinkGen), keep: Math.max },
  { track: nvidia('full-banks', (gpu) => gpu.remapBanks.max), keep: Math.max },
  { track: activeLinks, keep: Math.max },
  { track: portUp, keep: Math.max },
  { track: portRate, keep: Math.max },
];
