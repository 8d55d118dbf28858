/** The host, as numbers that can be compared over time. */
import type { Samples } from '@trivet/shared/model/report.ts';
import type { Values } from './series.ts';

export const MEMORY_CORRECTED = 'host/memory-corrected';

/** Corrected errors of all memory controllers; nothing where the kernel counts none. */
export function memoryCorrected({ host }: Samples): Values {
  const controllers = host?.memoryControllers ?? [];
  const total = controllers.reduce((sum, { corrected }) => sum + corrected, 0);
  return controllers.length === 0 ? [] : [[MEMORY_CORRECTED, total]];
}
