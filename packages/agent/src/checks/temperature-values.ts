/** How far a GPU is over the temperature at which its clocks go down, and its memory over what it is made for; below zero is well. */
import { known, valueOf } from '@trivet/shared/model/gpu.ts';
import type { NvidiaGpu, Reading } from '@trivet/shared/model/gpu.ts';

const UNKNOWN = { unknown: 'no limit is given' };

/** By margins where the board gives them (Ada and newer), else by degrees. */
export function slowdownOverLimit(gpu: NvidiaGpu): Reading<number> {
  const margin = valueOf(gpu.temperatureMarginCelsius);
  const marginAtSlowdown = valueOf(gpu.temperatureLimitMarginsCelsius.slowdown);
  if (margin !== undefined && marginAtSlowdown !== undefined) return { value: marginAtSlowdown - margin };
  return over(gpu.temperatureCelsius, gpu.temperatureLimitsCelsius.slowdown);
}

/** Only by degrees: the margin of the memory is not told. */
export function memoryOverLimit(gpu: NvidiaGpu): Reading<number> {
  return over(gpu.memoryTemperatureCelsius, gpu.temperatureLimitsCelsius.memoryMax);
}

/** A limit of zero degrees is one that nobody has filled in. */
function over(temperature: Reading<number>, limit: Reading<number>): Reading<number> {
  if (!known(temperature) || !known(limit) || limit.value <= 0) return UNKNOWN;
  return { value: temperature.value - limit.value };
}
