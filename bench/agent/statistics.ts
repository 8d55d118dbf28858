/** The few figures that the bench needs over its samples. */

/** The value that `share` of the samples do not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Slope {
  readonly perX: number;
  /** Standard error of `perX`: a slope of less than twice that is not told from none. */
  readonly error: number;
}

/** Ordinary least squares; NaN of fewer than three points. */
export function slope(points: readonly Point[]): Slope {
  const count = points.length;
  if (count < 3) return { perX: NaN, error: NaN };
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count;
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const perX = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const residual = points.reduce((sum, { x, y }) => sum + (y - meanY - perX * (x - meanX)) ** 2, 0);
  return { perX, error: Math.sqrt(residual / (count - 2) / spread) };
}
