/**
 * What every collector answers. `ok` may still hold unknown values; `unknown` means that the source could not be read well
 * enough to tell (a time-out, a cut document), `failed` that the source itself said no (driver not loaded). Neither is
 * "healthy" and neither is "no GPUs". A collector never throws for what a source does.
 */
export type Collected<Sample> = (
  | { readonly state: 'ok'; readonly sample: Sample }
  /** `sample` holds what was understood all the same, for display and for findings that it proves (a lost GPU). */
  | { readonly state: 'unknown' | 'failed'; readonly reason: string; readonly sample?: Sample }
) & {
  /** When the sample was taken, by a collector that keeps it; now when nobody says. */
  readonly takenAtMs?: number;
};

export interface Collector<Sample> {
  readonly name: string;
  /** Resolves within the collector's own deadline, whatever the source does. */
  collect(signal?: AbortSignal): Promise<Collected<Sample>>;
}
